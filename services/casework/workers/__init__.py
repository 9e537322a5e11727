"""Workers (社区工作者): who they are, what they can, when they are away, how much they carry."""
