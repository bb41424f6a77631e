//! Has something large, a message or what is made of it, give its memory back to the system when it is gone.
//!
//! glibc gives back the free end of its heap, and nothing below what is in use there. It keeps as much of that end as
//! twice the largest block that was freed so far, 64 MiB at most (mallopt(3), `M_MMAP_THRESHOLD`). Blocks that are
//! taken and freed untouched cost address space alone: with them, what is large is put at the end, and the end is made
//! so long that it is given back. Other allocators need none of this, and it does them no harm.

/// What is larger than this is worth giving back, in bytes.
pub const LARGE: usize = 1024 * 1024;

/// Makes something large at the end of the heap, with four megabytes of room below it for what is made later.
pub fn at_the_end<T>(make: impl FnOnce() -> T) -> T {
    // In pieces: they fill the room that an earlier call has left.
    let room: Vec<_> = (0..8).map(|_| untouched(LARGE / 2)).collect();
    let large = make();
    drop(room);
    large
}

/// Gives back what is free at the end of the calling thread's heap.
pub fn give_back() {
    let end: Vec<_> = (0..=64).map(|_| untouched(LARGE)).collect();
    drop(end);
}

fn untouched(bytes: usize) -> Vec<u8> {
    // Unseen by the compiler, which leaves out what nobody uses.
    std::hint::black_box(Vec::with_capacity(bytes))
}
