"""The status page of the national services (météo des services): its link, and the state of each service."""
