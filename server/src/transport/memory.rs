//! Has something large, a message or what is made of it, give its memory back to the system when it is gone.
//!
//! glibc gives back the free end of its heap, and nothing below what is in use there. It keeps as much of that end as
//! twice the largest block that was freed so far, 64 MiB at most (mallopt(3), `M_MMAP_THRESHOLD`). Blocks that are
//! taken and freed untouched cost address space alone: with them, what is large is put at the end, and the end is made
//! so long that it is given back. Other allocators give back by themselves.

/// What is larger than this is worth giving back, in bytes.
pub const LARGE: usize = 1024 * 1024;

/// Makes something large at the end of the heap, with four megabytes of room below it for what is made later.
pub fn at_the_end<T>(make: impl FnOnce() -> T) -> T {
    // In pieces: they fill the room that an earlier call has left.
    let room = untouched(8, LARGE / 2);
    let large = make();
    drop(room);
    large
}

/// Gives back what is free at the end of the calling thread's heap.
pub fn give_back() {
    drop(untouched(65, LARGE));
}

/// Blocks that nobody writes to; fewer where there is no room for them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn untouched(count: usize, bytes: usize) -> Vec<Vec<u8>> {
    let block = |_| {
        let mut block = Vec::new();
        block.try_reserve_exact(bytes).ok().map(|()| block)
    };
    // Unseen by the compiler, which leaves out what nobody uses.
    std::hint::black_box((0..count).map_while(block).collect())
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn untouched(_: usize, _: usize) -> Vec<Vec<u8>> {
    Vec::new()
}
