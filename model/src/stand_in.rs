//! What lies in the place of a file that was never fetched: Git LFS's pointer, or a web page.

/// Bytes that tell what a file is.
const START: usize = 512;

const LFS: &str = "it is the pointer that Git LFS leaves in the place of a large file; run `git lfs pull` \
                   beside it, or download the file itself";
const PAGE: &str = "it is a web page that was saved in the place of the file; download the file itself \
                    (on the Hugging Face Hub: /resolve/ instead of /blob/ in its address)";

/// What a file is that begins with these bytes, and the way on; `None` if it may be what it is called.
pub fn stand_in(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(START)]);
    let text = text.trim_start_matches('\u{feff}').trim_start().to_lowercase();
    let is_page = ["<!doctype", "<html", "<?xml", "<head"].iter().any(|tag| text.starts_with(tag));
    pointer(bytes).or(is_page.then_some(PAGE))
}

/// As [`stand_in`], of a file that may be any text: a web page is one, too.
pub fn pointer(bytes: &[u8]) -> Option<&'static str> {
    let lines: [&[u8]; 2] = [b"version https://git-lfs", b"oid sha256:"];
    lines.iter().any(|line| bytes.starts_with(line)).then_some(LFS)
}
