//! A machine, emulated: it boots a kernel with our program as process 1, and is read until it is switched off.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::archive::Archive;
use crate::fetch::Kernel;
use crate::kernels::Wanted;
use crate::verdict::Outcome;
use crate::{Result, call};

/// How long a machine may run. Emulated, the slowest takes a third of that.
const PATIENCE: Duration = Duration::from_secs(90);

/// How large the disk is, and how much of that its file system takes; what is behind is written to past it.
const DISK: u64 = 32 << 20;
const FILE_SYSTEM: &str = "24M";

/// Boots it, and reads what it says.
pub(crate) fn run(wanted: &Wanted, kernel: &Kernel, program: &Path, folder: &Path) -> Outcome {
    let name = wanted.name();
    match start(wanted, kernel, program, folder) {
        Ok(said) => Outcome::read(wanted, &said),
        Err(error) => Outcome::failed(&name, &error.to_string()),
    }
}

fn start(wanted: &Wanted, kernel: &Kernel, program: &Path, folder: &Path) -> Result<String> {
    let (initial, disk) = (folder.join("initial"), folder.join("disk"));
    fs::write(&initial, initial_files(kernel, program)?)?;
    make_disk(&disk)?;

    let processor = wanted.processor;
    let [emulator, rest @ ..] = processor.emulator else { return Err("no emulator is named".into()) };
    let mut machine = Command::new(emulator);
    machine.args(rest);
    // Never by the host's own virtualisation, which inside another machine is there and does not work.
    let append = format!("console={} loglevel=3 panic=-1 rdinit=/init", processor.console);
    let drive = format!("file={},if=none,id=disk,format=raw,cache=unsafe", disk.display());
    let device =
        if kernel.has_nvme { "nvme,drive=disk,serial=1" } else { "virtio-blk-pci,drive=disk,romfile=" };
    machine
        .args(["-accel", "tcg", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot"])
        .args(["-serial", "stdio", "-append", &append, "-drive", &drive, "-device", device])
        .arg("-kernel")
        .arg(&kernel.image)
        .arg("-initrd")
        .arg(&initial);
    let said = watch(&mut machine, emulator)?;
    fs::write(folder.join("console"), &said)?;
    Ok(said)
}

/// What the machine says on its console until it is off, or for as long as [`PATIENCE`].
fn watch(machine: &mut Command, emulator: &str) -> Result<String> {
    let spawned = machine.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| format!("{emulator} cannot be run, is it installed? {error}"))?;
    let (mut out, mut errors) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let reader = thread::spawn(move || {
        let mut said = Vec::new();
        let _ = out.read_to_end(&mut said);
        said
    });
    let begun = Instant::now();
    let mut in_time = true;
    while child.try_wait()?.is_none() {
        if begun.elapsed() > PATIENCE {
            in_time = false;
            child.kill()?;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let mut said = String::from_utf8_lossy(&reader.join().expect("it only reads")).into_owned();
    let mut complaint = String::new();
    let _ = errors.read_to_string(&mut complaint);
    if !in_time {
        write!(said, "\nstill running after {} s", PATIENCE.as_secs()).expect("a String takes everything");
    }
    if said.trim().is_empty() { Err(complaint.trim().to_owned().into()) } else { Ok(said) }
}

/// Our program, and the modules that it is to load, by their order.
fn initial_files(kernel: &Kernel, program: &Path) -> Result<Vec<u8>> {
    let mut archive = Archive::new();
    archive.console();
    archive.program("init", &fs::read(program)?);
    archive.folder("modules");
    for (index, module) in kernel.modules.iter().enumerate() {
        archive.program(&format!("modules/{index}"), &fs::read(module)?);
    }
    Ok(archive.finish())
}

/// A disk with a file system in front, and nothing behind.
fn make_disk(path: &Path) -> Result<()> {
    let _ = fs::remove_file(path);
    File::create(path)?.set_len(DISK)?;
    let tool = ["/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4"].into_iter().find(|tool| Path::new(tool).exists());
    call(Command::new(tool.unwrap_or("mkfs.ext4")).args(["-q", "-F"]).arg(path).arg(FILE_SYSTEM)).map(drop)
}
