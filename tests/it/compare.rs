//! `derm-seg compare`.
