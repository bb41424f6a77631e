//! A fake editor over stdio.
