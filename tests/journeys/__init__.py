"""Stories through the whole platform, from a call at one service to a message on somebody's telephone."""
