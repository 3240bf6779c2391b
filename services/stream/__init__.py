"""The only room that knows Kafka and Faust: events in, what changed out, counts that follow along.

The database is the record and Kafka a transport: nothing here keeps what cannot be made again.
Nothing of this is loaded by an installation without brokers.
"""
