//! Compiles liburing's contestant where the distribution's `liburing-dev` is installed.
//!
//! It never fails: where liburing is missing, it says so, and the benches count it as left out.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_liburing)");
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "run")]
    liburing();
}

#[cfg(feature = "run")]
fn liburing() {
    const SOURCE: &str = "src/ring/contestants/liburing.c";
    println!("cargo::rerun-if-changed={SOURCE}");
    let built =
        cc::Build::new().file(SOURCE).std("gnu11").cargo_warnings(false).try_compile("bareio_peers_liburing");
    match built {
        Ok(()) => {
            println!("cargo::rustc-link-lib=uring");
            println!("cargo::rustc-cfg=has_liburing");
        }
        Err(error) => {
            let reason = error.to_string().replace('\n', " ");
            println!("cargo::warning=liburing is left out, install liburing-dev to time it: {reason}");
        }
    }
}
