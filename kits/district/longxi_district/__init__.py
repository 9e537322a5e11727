"""What the tools and the example have in common: reaching Kafka, reading an event, asking for events again."""
