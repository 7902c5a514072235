"""Stand-ins for Walmart Marketplace and Magento: real HTTP servers on loopback for demo and tests."""
