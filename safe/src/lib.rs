//! See README.md
