//! A buffer of a slab together with a share of the pool that the slab is in.
#![expect(
    unsafe_code,
    reason = "a guard that owns its pool outlives every borrow of it, which lifetimes cannot say"
)]

use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::sync::{Arc, Weak};

use bareio_core::Kernel;
use bareio_core::pool::{self, Buffer, Shared};

use super::inner::{Inner, Owner};

/// A buffer of a slab, and a share of the pool, which keeps the slab where it is.
///
/// The core's guard borrows its slab. Here that borrow is said to be for ever, which is true for as long as `owner` is:
/// the slab lies in it, is never moved or changed, and goes with its last share. So the guard is never given out with
/// that lifetime, and it is dropped before `owner` is, by `Drop`, which runs before fields are dropped.
pub(super) struct Lease {
    /// Always initialised. In a `MaybeUninit`, because references in it would otherwise be asserted to be valid until
    /// the end of whatever function drops the lease, and with it perhaps the pool.
    buffer: MaybeUninit<Buffer<'static>>,
    /// Which slab of the pool.
    at: u8,
    owner: Arc<dyn Owner>,
}

impl Lease {
    /// Takes a share of `inner` for `buffer`, which is of its slab `at`.
    ///
    /// # Panics
    ///
    /// If it is of another.
    pub(super) fn new<K: Kernel + Send + Sync + 'static>(
        inner: &Arc<Inner<K>>,
        at: u8,
        buffer: Buffer<'_>,
    ) -> Self {
        let slab = &inner.slabs()[usize::from(at)].slab;
        assert!(slab.contains(buffer.as_ptr()), "the buffer is of another slab");
        // SAFETY: only the lifetime changes; what it borrows is the slab, which holds its bytes, and that stays where it is
        // for as long as `owner` is held, as the type says.
        let buffer = unsafe { mem::transmute::<Buffer<'_>, Buffer<'static>>(buffer) };
        let owner: Arc<dyn Owner> = Arc::<Inner<K>>::clone(inner);
        Self { buffer: MaybeUninit::new(buffer), at, owner }
    }

    pub(super) fn owner(&self) -> &dyn Owner {
        &*self.owner
    }

    pub(super) fn buffer(&self) -> &Buffer<'_> {
        // SAFETY: always initialised.
        unsafe { self.buffer.assume_init_ref() }
    }

    pub(super) fn buffer_mut(&mut self) -> &mut Buffer<'static> {
        // SAFETY: always initialised. The lifetime is within this module's files, which take no guard out.
        unsafe { self.buffer.assume_init_mut() }
    }

    /// Its parts; neither is dropped.
    fn into_parts(self) -> (Buffer<'static>, u8, Arc<dyn Owner>) {
        let this = ManuallyDrop::new(self);
        // SAFETY: initialised, and moved out once: `this` is not dropped.
        let buffer = unsafe { this.buffer.assume_init_read() };
        // SAFETY: as above.
        let owner = unsafe { (&raw const this.owner).read() };
        (buffer, this.at, owner)
    }

    /// For many readers.
    pub(super) fn share(self) -> SharedLease {
        let (buffer, at, owner) = self.into_parts();
        let shared = owner.share(at, buffer);
        // SAFETY: as in `new`: a lifetime, kept by the share of the owner beside it.
        let shared = unsafe { mem::transmute::<Shared<'_>, Shared<'static>>(shared) };
        SharedLease { shared: MaybeUninit::new(shared), at, owner }
    }

    /// A plain number, and which slab it is of. The buffer does not go back; the share of the pool does.
    pub(super) fn into_index(self) -> (u32, u8) {
        let (buffer, at, owner) = self.into_parts();
        let index = buffer.into_index();
        drop(owner);
        (index, at)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        super::waiting::remember(self.buffer().index());
        // SAFETY: initialised, and dropped once; the owner is still held.
        unsafe { self.buffer.assume_init_drop() };
    }
}

/// The same, for many readers.
pub(super) struct SharedLease {
    /// Always initialised; in a `MaybeUninit` as in [`Lease`].
    shared: MaybeUninit<Shared<'static>>,
    at: u8,
    owner: Arc<dyn Owner>,
}

impl SharedLease {
    pub(super) fn shared(&self) -> &Shared<'_> {
        // SAFETY: always initialised.
        unsafe { self.shared.assume_init_ref() }
    }

    pub(super) fn owner(&self) -> &dyn Owner {
        &*self.owner
    }

    pub(super) fn downgrade(&self) -> WeakLease {
        // SAFETY: always initialised. What comes of it is used with a share of the owner only.
        let shared = unsafe { self.shared.assume_init_ref() };
        WeakLease {
            weak: MaybeUninit::new(shared.downgrade()),
            at: self.at,
            owner: Arc::downgrade(&self.owner),
        }
    }

    /// # Errors
    ///
    /// Itself, if there are other readers.
    pub(super) fn try_into_exclusive(self) -> Result<Lease, Self> {
        let this = ManuallyDrop::new(self);
        // SAFETY: initialised, and moved out once: `this` is not dropped.
        let shared = unsafe { this.shared.assume_init_read() };
        // SAFETY: as above.
        let owner = unsafe { (&raw const this.owner).read() };
        match shared.try_into_exclusive() {
            Ok(buffer) => Ok(Lease { buffer: MaybeUninit::new(buffer), at: this.at, owner }),
            Err(shared) => Err(Self { shared: MaybeUninit::new(shared), at: this.at, owner }),
        }
    }
}

impl Clone for SharedLease {
    fn clone(&self) -> Self {
        // SAFETY: always initialised.
        let shared = unsafe { self.shared.assume_init_ref() };
        Self { shared: MaybeUninit::new(shared.clone()), at: self.at, owner: Arc::clone(&self.owner) }
    }
}

impl Drop for SharedLease {
    fn drop(&mut self) {
        // SAFETY: initialised, and dropped once; the owner is still held.
        unsafe { self.shared.assume_init_drop() };
    }
}

/// A buffer that may have gone back, of a pool that may be gone.
pub(super) struct WeakLease {
    /// Leads into the pool, and is looked at with a share of it only. Dropping it does nothing.
    weak: MaybeUninit<pool::Weak<'static>>,
    at: u8,
    owner: Weak<dyn Owner>,
}

/// Which is why a copy of its bits is a copy of it.
const _: () = assert!(!mem::needs_drop::<pool::Weak<'static>>());

impl Clone for WeakLease {
    fn clone(&self) -> Self {
        // SAFETY: plain numbers and references. As they lie in a `MaybeUninit`, nothing is asserted of a pool that may be
        // gone, which a clone of what is in there would.
        let weak = unsafe { (&raw const self.weak).read() };
        Self { weak, at: self.at, owner: self.owner.clone() }
    }
}

impl WeakLease {
    pub(super) fn upgrade(&self) -> Option<SharedLease> {
        let owner = self.owner.upgrade()?;
        // SAFETY: always initialised; and the pool is there, for we have a share of it now.
        let weak = unsafe { self.weak.assume_init_ref() };
        let shared = weak.upgrade()?;
        Some(SharedLease { shared: MaybeUninit::new(shared), at: self.at, owner })
    }
}
