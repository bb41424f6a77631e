//! Reads the files of a user and of a project, and nothing but regular files of a sane size.
