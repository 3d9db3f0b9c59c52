"""The simulated world: clients, network, nodes and faults on one virtual clock, decided by one seed."""
