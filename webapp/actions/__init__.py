"""What a person sets going on orders, one or many: each is judged by itself and told about by itself."""
