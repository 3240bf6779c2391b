"""One module per outside format; each turns files into the words of schemas and a report."""
