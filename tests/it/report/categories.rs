//! Reports of what sells, and the share of searches that led to a click.
