//! Descriptors that become files, and files that stand for descriptors.
#![expect(
    unsafe_code,
    reason = "says of a file that its descriptor stays open, which its shared owner sees to"
)]

use bareio_core::ticket::OwnedFile;
use bareio_core::{Fd, Kernel};

use super::File;

// SAFETY: the descriptor is open, on the kernel of the file, until the last clone is dropped, and never changed.
unsafe impl<K: Kernel + 'static> OwnedFile for File<K> {
    fn fd(&self) -> Fd {
        self.0.descriptor.fd()
    }
}

#[cfg(unix)]
mod unix {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

    use bareio_core::Fd;

    use super::super::descriptor::Descriptor;
    use super::super::{File, opening};
    use crate::error::{Error, Refused};
    use crate::host::NATIVE;

    impl File {
        /// Takes over a descriptor, or a file of the standard library.
        ///
        /// It is asked what it is: whether it is direct, what it is aligned to, and what its offsets mean.
        ///
        /// # Errors
        ///
        /// The kernel's, with the descriptor.
        ///
        /// ```
        /// use bareio::file::File;
        ///
        /// let file = File::from_fd(std::fs::File::open("Cargo.toml")?)?;
        /// assert!(!file.granted().is_direct());
        /// # Ok::<(), std::io::Error>(())
        /// ```
        pub fn from_fd(fd: impl Into<OwnedFd>) -> Result<Self, Refused<OwnedFd>> {
            let fd = fd.into();
            // SAFETY: open, and its owner is leaked below.
            let descriptor = unsafe { Descriptor::from_raw(NATIVE, Fd(fd.as_raw_fd())) };
            match opening::adopt(&descriptor) {
                Ok(facts) => {
                    let _: RawFd = fd.into_raw_fd();
                    Ok(Self::new(descriptor, facts))
                }
                Err(error) => {
                    // It stays with its owner.
                    std::mem::forget(descriptor);
                    Err(Refused::new(error, fd))
                }
            }
        }
    }

    impl TryFrom<OwnedFd> for File {
        type Error = Error;

        fn try_from(fd: OwnedFd) -> Result<Self, Error> {
            Ok(Self::from_fd(fd)?)
        }
    }

    impl TryFrom<std::fs::File> for File {
        type Error = Error;

        fn try_from(file: std::fs::File) -> Result<Self, Error> {
            Ok(Self::from_fd(file)?)
        }
    }

    impl AsFd for File {
        fn as_fd(&self) -> BorrowedFd<'_> {
            // SAFETY: open on this host for as long as the file is borrowed.
            unsafe { BorrowedFd::borrow_raw(self.as_raw_fd()) }
        }
    }

    impl AsRawFd for File {
        fn as_raw_fd(&self) -> RawFd {
            self.0.descriptor.fd().0
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::os::windows::io::{
        AsHandle, AsRawHandle, BorrowedHandle, IntoRawHandle, OwnedHandle, RawHandle,
    };

    use bareio_core::{Errno, Fd};

    use super::super::descriptor::Descriptor;
    use super::super::{File, opening};
    use crate::error::{Error, Refused};
    use crate::host::NATIVE;

    impl File {
        /// Takes over a handle, or a file of the standard library. It counts as buffered.
        ///
        /// # Errors
        ///
        /// The system's, with the handle.
        pub fn from_handle(handle: impl Into<OwnedHandle>) -> Result<Self, Refused<OwnedHandle>> {
            let handle = handle.into();
            let Ok(fd) = i32::try_from(handle.as_raw_handle().addr().cast_signed()) else {
                return Err(Refused::new(Error::os("open", Errno::OVERFLOW), handle));
            };
            // SAFETY: open, and its owner is leaked below.
            let descriptor = unsafe { Descriptor::from_raw(NATIVE, Fd(fd)) };
            match opening::adopt(&descriptor) {
                Ok(facts) => {
                    let _: RawHandle = handle.into_raw_handle();
                    Ok(Self::new(descriptor, facts))
                }
                Err(error) => {
                    // It stays with its owner.
                    std::mem::forget(descriptor);
                    Err(Refused::new(error, handle))
                }
            }
        }
    }

    impl TryFrom<OwnedHandle> for File {
        type Error = Error;

        fn try_from(handle: OwnedHandle) -> Result<Self, Error> {
            Ok(Self::from_handle(handle)?)
        }
    }

    impl TryFrom<std::fs::File> for File {
        type Error = Error;

        fn try_from(file: std::fs::File) -> Result<Self, Error> {
            Ok(Self::from_handle(file)?)
        }
    }

    impl AsHandle for File {
        fn as_handle(&self) -> BorrowedHandle<'_> {
            // SAFETY: open for as long as the file is borrowed.
            unsafe { BorrowedHandle::borrow_raw(self.as_raw_handle()) }
        }
    }

    impl AsRawHandle for File {
        fn as_raw_handle(&self) -> RawHandle {
            // Of a handle, 32 bits are significant.
            std::ptr::without_provenance_mut((self.0.descriptor.fd().0 as isize).cast_unsigned())
        }
    }
}
