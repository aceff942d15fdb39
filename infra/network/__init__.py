"""Network, security groups, load balancers and DNS."""
