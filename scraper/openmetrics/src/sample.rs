//! Sample values and the staleness marker.

/// Marks the moment from which a series is no longer there: a NaN with bits of its own, as Prometheus uses it in memory
/// (`model/value/value.go`). It is compared by its bits and never computed with; on disk it is a flag beside a NULL.
pub const STALE_NAN: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Whether a value is the staleness marker. An ordinary NaN is not.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN.to_bits()
}
