//! The page about documents is what the declarations say.

use phaki_documents::handbook::page;

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the page is a file; the crate itself reads and writes none"
)]
fn the_page_about_documents_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/documents.md");
    let page = page();
    let written = std::fs::read_to_string(path).unwrap_or_default();
    if written != page {
        std::fs::write(path, page).expect("the folder docs is there");
        panic!(
            "docs/documents.md differed from the schemas and was written anew; run the test again"
        );
    }
}
