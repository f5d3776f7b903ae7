//! Spans that the gateway sends itself.
