//! Document synchronisation, as seen in the context of a chat.
