"""What a stack costs in a month: its resources, times what AWS asks for them."""
