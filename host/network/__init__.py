"""The chain and its second layer of reward: mechanism, contracts, nodes, economics."""
