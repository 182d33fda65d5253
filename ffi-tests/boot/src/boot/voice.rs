//! How what is wrong is said: here on the console. Where the script is part of a test, it brings another.

pub(crate) use bareio_boot::Line;
