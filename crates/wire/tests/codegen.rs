//! Generates `src/gen/` from `proto/` and fails when what is committed differs.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use protox::prost::Message;

/// Its messages are checked before prost allocates for them; see `phaki_wire::codec`.
const CHECKED: &str = "phaki/sync/v1/sync.proto";

#[test]
fn generated_code_is_up_to_date() -> Result<(), Box<dyn Error>> {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = crate_root.join("src/gen");
    let expected = generate(&crate_root.join("../../proto"))?;
    let found = read_folder(&committed)?;
    if found == expected {
        return Ok(());
    }
    for name in found.keys().filter(|name| !expected.contains_key(*name)) {
        fs::remove_file(committed.join(name))?;
    }
    for (name, content) in &expected {
        fs::write(committed.join(name), content)?;
    }
    Err("src/gen/ differed from proto/ and has been written anew; run the test again".into())
}

fn generate(proto: &Path) -> Result<BTreeMap<String, Vec<u8>>, Box<dyn Error>> {
    let target = tempfile::tempdir()?;
    let mut files = Vec::new();
    find_protos(proto, proto, &mut files)?;
    files.sort();
    builder(target.path())
        .include_file("packages.rs")
        .compile_fds(protox::compile(&files, [proto])?)?;
    builder(target.path())
        .codec_path("crate::codec::FrameCodec")
        .compile_fds(protox::compile([CHECKED], [proto])?)?;

    let mut compiler = protox::Compiler::new([proto])?;
    compiler.include_imports(true).open_files(&files)?;
    let descriptor = compiler.file_descriptor_set().encode_to_vec();
    fs::write(target.path().join("descriptor.bin"), descriptor)?;

    // With an absolute output folder, prost writes absolute paths into the include file.
    let packages = target.path().join("packages.rs");
    let prefix = format!("{}/", target.path().display());
    fs::write(
        &packages,
        fs::read_to_string(&packages)?.replace(&prefix, ""),
    )?;
    read_folder(target.path())
}

fn builder(target: &Path) -> tonic_prost_build::Builder {
    tonic_prost_build::configure()
        .out_dir(target)
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .bytes(".")
}

fn find_protos(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find_protos(root, &path, found)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.push(path.strip_prefix(root)?.to_owned());
        }
    }
    Ok(())
}

fn read_folder(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Box<dyn Error>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|_| "file name is not UTF-8")?;
        files.insert(name, fs::read(entry.path())?);
    }
    Ok(files)
}
