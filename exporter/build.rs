//! Compiles the BPF programs of `bpf/`, where the feature `bpf` asks for them.

use std::path::PathBuf;
use std::process::Command;

const HINT: &str = "The feature `bpf` needs clang with the target bpf (Debian: apt-get install clang); CLANG names another one. \
    Without it, build without the feature: the exporter then reads /proc.";

fn main() {
    println!("cargo::rerun-if-changed=bpf");
    println!("cargo::rerun-if-env-changed=CLANG");
    let on = |variable: &str| std::env::var_os(variable).is_some();
    if !on("CARGO_FEATURE_BPF") || std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os != "linux") {
        return;
    }
    if let Err(reason) = compile("tasks") {
        println!("cargo::error={reason}. {HINT}");
        std::process::exit(1);
    }
}

/// Makes `NAME.bpf.o` of `bpf/NAME.bpf.c`.
fn compile(name: &str) -> Result<(), String> {
    let clang = std::env::var_os("CLANG").unwrap_or_else(|| "clang".into());
    let variable = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let source = format!("bpf/{name}.bpf.c");
    let object = PathBuf::from(variable("OUT_DIR")?).join(format!("{name}.bpf.o"));
    // The kernel's idea of byte order is that of the machine.
    let target = if variable("CARGO_CFG_TARGET_ENDIAN")? == "big" { "bpfeb" } else { "bpfel" };
    let output = Command::new(&clang)
        .args(["-target", target, "-mcpu=v3", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"])
        .args(["-c", &source, "-o"])
        .arg(&object)
        .output()
        .map_err(|error| format!("{} does not start: {error}", clang.display()))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("{} could not compile {source}: {}", clang.display(), said.trim().replace('\n', " / ")))
        }
    }
}
