"""AWS for the executor that goes through it: sessions in a client's account, what the role needs, what patches say."""
