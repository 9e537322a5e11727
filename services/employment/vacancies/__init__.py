"""Work that employers offer (岗位), from the draft to the last post filled."""
