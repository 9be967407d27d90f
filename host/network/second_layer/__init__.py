"""Where payloads meet the contracts: execution layers, and engines that pay for proofs."""
