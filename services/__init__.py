"""Everything that touches the world: store, streams, files, pages, processes."""
