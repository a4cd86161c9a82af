"""The use cases, one module each. They reach the outside world through `ports` and the store, and hold no wording."""
