//! Kernels from the distribution's packages, through apt and a configuration of their own below the cache: nothing of
//! this machine's own lists, sources or packages is touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kernels::Wanted;
use crate::{Result, call};

/// A kernel as it lies in the cache.
#[derive(Debug)]
pub(crate) struct Kernel {
    pub(crate) image: PathBuf,
    /// In the order in which they need each other.
    pub(crate) modules: Vec<PathBuf>,
    /// Whether it finds a disk by `nvme` without a module.
    pub(crate) has_nvme: bool,
}

/// What is loaded where it is no part of the kernel itself: a disk, and a file system.
const MODULES: [&str; 6] = ["crc16", "crc32c_generic", "mbcache", "jbd2", "ext4", "virtio_blk"];

/// The kernel that is wanted, from `folder` or from the distribution.
pub(crate) fn kernel(wanted: &Wanted, folder: &Path) -> Result<Kernel> {
    if !folder.join("complete").exists() {
        let mut failures = Vec::new();
        let found = wanted.suites.iter().any(|suite| {
            fetch(wanted, suite, folder).map_err(|error| failures.push(format!("{suite}: {error}"))).is_ok()
        });
        if !found {
            return Err(failures.join("; ").into());
        }
    }
    let has_nvme = folder.join("has-nvme").exists();
    let needed = MODULES.iter().filter(|name| !has_nvme || **name != "virtio_blk");
    let modules = needed.map(|name| folder.join(name)).filter(|path| path.exists()).collect();
    Ok(Kernel { image: folder.join("image"), modules, has_nvme })
}

fn fetch(wanted: &Wanted, suite: &str, folder: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(folder);
    let apt = Apt::new(wanted.processor.debian, suite, &folder.join("apt"))?;
    let image = apt.depends(wanted.package)?.into_iter().find(|name| name.starts_with("linux-image-"));
    let image = image.ok_or_else(|| format!("{} names no kernel", wanted.package))?;
    // Newer kernels come in parts, of which the package of the image is only the sum.
    let mut parts = apt.depends(&image)?;
    parts.retain(|name| name.starts_with("linux-binary-") || name.starts_with("linux-modules-"));
    if parts.is_empty() {
        parts.push(image.clone());
    }
    if let Some((major, minor)) = wanted.version {
        let release = image.trim_start_matches("linux-image-");
        if !release.starts_with(&format!("{major}.{minor}.")) {
            return Err(format!("it has {release} instead of {major}.{minor}").into());
        }
    }
    let unpacked = folder.join("unpacked");
    fs::create_dir_all(&unpacked)?;
    for part in parts {
        unpack(&apt.download(&part)?, &unpacked)?;
    }
    keep(&unpacked, folder)?;
    fs::remove_dir_all(&unpacked)?;
    fs::remove_dir_all(folder.join("apt"))?;
    fs::write(folder.join("complete"), image)?;
    Ok(())
}

/// Takes a kernel, and the few modules of it, out of a package.
fn unpack(package: &Path, folder: &Path) -> Result<()> {
    let wanted = MODULES.map(|name| format!("*/{name}.ko*"));
    let listing = String::from_utf8(call(
        Command::new("sh")
            .arg("-c")
            .arg(r#"dpkg-deb --fsys-tarfile "$1" | tar -xvf - -C "$2" --wildcards --no-anchored vmlinu[xz]-* vmlinuz modules.builtin "$3" "$4" "$5" "$6" "$7" "$8"; true"#)
            .arg("unpack")
            .args([package, folder])
            .args(wanted),
    )?)?;
    if listing.is_empty() { Err(format!("{} holds no kernel", package.display()).into()) } else { Ok(()) }
}

/// Copies what is needed to where it is looked for.
fn keep(from: &Path, to: &Path) -> Result<()> {
    let (mut image, mut builtin) = (None, String::new());
    for file in files(from)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("vmlinu") {
            image = Some(file);
        } else if name == "modules.builtin" {
            builtin = fs::read_to_string(file)?;
        } else if let Some(module) = MODULES.iter().find(|module| name.starts_with(&format!("{module}.ko"))) {
            fs::copy(file, to.join(module))?;
        }
    }
    let image = image.ok_or("the packages hold no kernel")?;
    fs::write(to.join("image"), plain(fs::read(image)?, to)?)?;
    if builtin.lines().any(|line| line.ends_with("/nvme.ko")) {
        fs::write(to.join("has-nvme"), "")?;
    }
    Ok(())
}

/// Every file below `folder`.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut folders, mut found) = (vec![folder.to_path_buf()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.is_symlink() { folders.push(path) } else { found.push(path) }
        }
    }
    Ok(found)
}

/// The kernel as an emulator without firmware can start it: newer ones are wrapped into a program that unpacks them.
fn plain(image: Vec<u8>, folder: &Path) -> Result<Vec<u8>> {
    let number = |at: usize| -> Option<usize> {
        let bytes = image.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let packed = if image.get(4..8) == Some(b"zimg") {
        let (start, len) = (number(8).unwrap_or(0), number(12).unwrap_or(0));
        image.get(start..start.saturating_add(len)).ok_or("its own header does not fit it")?
    } else if image.starts_with(&[0x1f, 0x8b]) {
        &image
    } else {
        return Ok(image);
    };
    let tool = match packed {
        [0x1f, 0x8b, ..] => "gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        [0xfd, b'7', b'z', ..] => "xz",
        _ => return Err("it is packed in a way that is not known here".into()),
    };
    let file = folder.join("packed");
    fs::write(&file, packed)?;
    let unpacked = call(Command::new(tool).arg("-dc").stdin(fs::File::open(&file)?))?;
    fs::remove_file(file)?;
    Ok(unpacked)
}

/// One suite, for one processor.
struct Apt {
    folder: PathBuf,
    options: Vec<String>,
}

impl Apt {
    fn new(processor: &str, suite: &str, folder: &Path) -> Result<Self> {
        for name in ["lists/partial", "cache/archives/partial", "packages"] {
            fs::create_dir_all(folder.join(name))?;
        }
        fs::write(folder.join("status"), "")?;
        fs::write(folder.join("sources.list"), format!("deb {} {suite} main\n", mirror()?))?;
        let at = |name: &str| folder.join(name).display().to_string();
        let options = [
            format!("Dir::Etc::sourcelist={}", at("sources.list")),
            "Dir::Etc::sourceparts=/dev/null".into(),
            "Dir::Etc::preferencesparts=/dev/null".into(),
            format!("Dir::State::lists={}", at("lists")),
            format!("Dir::State::status={}", at("status")),
            format!("Dir::Cache={}", at("cache")),
            format!("APT::Architecture={processor}"),
            format!("APT::Architectures::={processor}"),
            "APT::Sandbox::User=root".into(),
            "Acquire::Languages=none".into(),
            "Acquire::Retries=2".into(),
        ];
        let options = options.into_iter().flat_map(|option| ["-o".to_owned(), option]).collect();
        let apt = Self { folder: folder.to_path_buf(), options };
        call(Command::new("apt-get").args(&apt.options).args(["update", "-qq", "--error-on=any"]))?;
        Ok(apt)
    }

    /// What the newest version of a package depends on, names alone.
    fn depends(&self, package: &str) -> Result<Vec<String>> {
        let mut show = Command::new("apt-cache");
        show.args(&self.options).args(["show", "--no-all-versions", package]);
        let text = String::from_utf8(call(&mut show)?)?;
        let line = text.lines().find_map(|line| line.strip_prefix("Depends: ")).unwrap_or_default();
        let name = |part: &str| part.trim().split(' ').next().map(str::to_owned);
        Ok(line.split([',', '|']).filter_map(name).collect())
    }

    /// Fetches a package, and says where it is.
    fn download(&self, package: &str) -> Result<PathBuf> {
        let folder = self.folder.join("packages");
        let mut download = Command::new("apt-get");
        call(download.args(&self.options).args(["download", "-qq", package]).current_dir(&folder))?;
        let is_it = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with(&format!("{package}_"))
        };
        files(&folder)?.into_iter().find(is_it).ok_or_else(|| format!("{package} was not fetched").into())
    }
}

/// Where this machine gets Debian's packages from, with the key that they are signed by.
fn mirror() -> Result<String> {
    let form = "$(ORIGIN) $(COMPONENT) $(SUITE) $(REPO_URI)";
    let targets =
        call(Command::new("apt-get").args(["indextargets", "--format", form, "Created-By: Packages"]))?;
    let targets = String::from_utf8(targets)?;
    let address = targets.lines().find_map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
        ["Debian", "main", suite, address] if !suite.contains('-') => Some(address.to_owned()),
        _ => None,
    });
    let address = address
        .ok_or("apt of this machine knows no mirror of Debian; run apt-get update, or use a Debian")?;
    let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let signed = if Path::new(keys).exists() { format!("[signed-by={keys}] ") } else { String::new() };
    Ok(format!("{signed}{address}"))
}
