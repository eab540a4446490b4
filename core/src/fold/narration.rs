//! Sentences for events, in English and Korean.
