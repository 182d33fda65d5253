//! Says what this host can do: `cargo run --example probe`.

fn main() {
    print!("{}", bareio::probe());
}
