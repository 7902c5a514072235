"""The network: clients that speak domain types to Walmart and Magento, never JSON, never rows."""
