"""The three rates (三率: 响应率, 解决率, 满意率): what they are counted from, what is left out of them, what would flatter them."""
