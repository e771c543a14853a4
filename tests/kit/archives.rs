//! Archives, made byte by byte where the usual tools would not make them.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use tar::Header;
use walkdir::WalkDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A tar on its way.
#[derive(Default)]
pub struct Tar(Vec<u8>);

impl Tar {
    /// A member of any kind (`0` is a file, `5` a folder, `2` a link) under any name of up to 100 bytes.
    pub fn member(&mut self, kind: u8, name: &[u8], content: &[u8]) -> &mut Self {
        self.header(kind, name, content.len() as u64, "").content(content)
    }

    /// A header alone; `owner` is whom the file belonged to.
    pub fn header(&mut self, kind: u8, name: &[u8], bytes: u64, owner: &str) -> &mut Self {
        let mut header = Header::new_gnu();
        let fields = header.as_gnu_mut().unwrap();
        fields.name[..name.len()].copy_from_slice(name);
        fields.linkname[..owner.len()].copy_from_slice(owner.as_bytes());
        fields.typeflag = [kind];
        header.set_username(owner).unwrap();
        header.set_groupname(owner).unwrap();
        header.set_mode(0o644);
        header.set_size(bytes);
        header.set_cksum();
        self.0.extend(header.as_bytes());
        self
    }

    fn content(&mut self, content: &[u8]) -> &mut Self {
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// A name of any length, as GNU tar writes it.
    pub fn long(&mut self, name: &str, content: &[u8]) -> &mut Self {
        self.member(b'L', b"././@LongLink", &[name.as_bytes(), b"\0"].concat()).member(b'0', b"long", content)
    }

    /// With attributes, as POSIX tar writes them.
    pub fn with_attributes(&mut self, attributes: &[(&str, &str)], name: &str, content: &[u8]) -> &mut Self {
        let records: Vec<String> = attributes.iter().map(|(key, value)| record(key, value)).collect();
        self.member(b'x', b"PaxHeaders/1", records.concat().as_bytes()).member(b'0', name.as_bytes(), content)
    }

    pub fn finish(&self) -> Vec<u8> {
        [&self.0[..], &[0; 1024]].concat()
    }

    /// Without its end.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Its length counts itself.
fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len() + 1;
    while length != length.to_string().len() + rest.len() {
        length += 1;
    }
    format!("{length}{rest}")
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).unwrap()
}

pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The files of a folder, by their names in it.
pub fn files_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    let named = files.map(|entry| {
        let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        (name, fs::read(entry.path()).unwrap())
    });
    named.collect()
}

/// As `tar -C folder -c .` packs it, in an order of its own.
pub fn tar_of(folder: &Path) -> Vec<u8> {
    let mut tar = Tar::default();
    tar.member(b'5', b"./", b"");
    for (name, content) in files_of(folder).iter().rev() {
        tar.member(b'0', format!("./{name}").as_bytes(), content);
    }
    tar.finish()
}

pub fn zip_of(folder: &Path) -> Vec<u8> {
    let files = files_of(folder);
    let members: Vec<(&str, &[u8])> = files.iter().rev().map(|(name, content)| (&name[..], &content[..])).collect();
    zip(&members)
}
