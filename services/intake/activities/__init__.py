"""Activities (社区文化): from a resident's proposal to who came, with places, a line for them and a rotating code."""
