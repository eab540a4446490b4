//! The Content-Security-Policy: nothing from elsewhere, no inline code but the page's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The policy for a page with this HTML: each inline script in it is allowed by its hash.
pub(crate) fn policy(html: &str) -> String {
    let hashes: String = inline_scripts(html).map(|script| format!(" 'sha256-{}'", hash(script))).collect();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'self'"
    )
}

/// Bodies of the `<script>` elements without a `src`. The HTML is our own build's, so a plain scan is enough.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (body, _) = rest.split_once("</script>")?;
        let is_inline = !attributes.split_ascii_whitespace().any(|attribute| attribute.starts_with("src="));
        is_inline.then_some(body)
    })
}

fn hash(script: &str) -> String {
    STANDARD.encode(Sha256::digest(script))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_script_is_allowed_by_its_hash() {
        // The example of the Content Security Policy specification, level 3.
        let policy = policy("<script>alert('Hello, world.');</script>");
        assert!(policy.contains("'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"), "{policy}");
    }

    #[test]
    fn scripts_from_files_need_no_hash() {
        assert!(!policy("<script type=module src=\"a.js\"></script>").contains("sha256"));
    }

    #[test]
    fn every_inline_script_counts() {
        let html = "<script>1</script><p>x</p><script type=\"module\">2</script>";
        assert_eq!(policy(html).matches("sha256").count(), 2);
    }
}
