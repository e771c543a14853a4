use std::io::SeekFrom;

use super::*;

fn vault(recipients: &[&Identity], identities: &[&Identity]) -> Vault {
    let recipients = recipients.iter().map(|key| key.to_public()).collect();
    Vault::new(recipients, identities.iter().map(|&key| key.clone()).collect(), false)
}

fn keys() -> [Identity; 2] {
    [Identity::generate(), Identity::generate()]
}

#[test]
fn what_is_sealed_is_opened_by_each_recipient_and_nobody_else() {
    let [ours, theirs] = keys();
    let stranger = Identity::generate();
    for length in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let clear: Vec<u8> = (0..length).map(|i| (i * 7 % 251) as u8).collect();
        let sealed = vault(&[&ours, &theirs], &[]).seal(&clear).unwrap().into_owned();
        assert!(is_encrypted(&sealed) && (clear.len() < 9 || !sealed.windows(8).any(|w| w == &clear[..8])));
        for reader in [&ours, &theirs] {
            assert_eq!(vault(&[], &[&stranger, reader]).unseal(sealed.clone()).unwrap(), clear);
        }
        assert_eq!(vault(&[], &[&stranger]).unseal(sealed.clone()), Err(Locked::OtherKey));
        assert_eq!(vault(&[&ours], &[]).unseal(sealed), Err(Locked::NoIdentity));
        assert_eq!(vault(&[], &[]).unseal(clear.clone()).unwrap(), clear, "what is clear passes as it is");
    }
}

#[test]
fn damage_is_noticed_wherever_it_is() {
    let [ours, _] = keys();
    let vault = vault(&[&ours], &[&ours]);
    let sealed = vault.seal(&[7; 70_000]).unwrap().into_owned();
    for at in (0..sealed.len()).step_by(997).chain([22, 30, sealed.len() - 1]) {
        let mut bad = sealed.clone();
        bad[at] ^= 1;
        // A spoilt signature makes it some other file, which a decoder refuses; a spoilt stanza somebody else's.
        assert!(!is_encrypted(&bad) || vault.unseal(bad).is_err(), "byte {at}");
    }
    for length in [SIGNATURES[0].len(), 100, 300, sealed.len() - 1] {
        assert_eq!(vault.unseal(sealed[..length].to_vec()), Err(Locked::Damaged), "cut to {length}");
    }
}

/// The parser of headers begins anew at each line: a stranger's photo must not keep a worker for hours.
#[test]
fn an_endless_header_is_refused_at_once() {
    let [ours, _] = keys();
    let line = format!("-> X25519 {}\n{}\n", "A".repeat(43), "B".repeat(43));
    let endless = format!("age-encryption.org/v1\n{}", line.repeat(200_000));
    let begin = std::time::Instant::now();
    assert_eq!(vault(&[], &[&ours]).unseal(endless.into_bytes()), Err(Locked::Damaged));
    assert!(begin.elapsed().as_secs() < 2, "{:?}", begin.elapsed());
}

#[test]
fn a_file_is_found_under_either_name_and_read_from_any_place() {
    let [ours, _] = keys();
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("a.txt");
    let text: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
    for vault in [vault(&[], &[]), vault(&[&ours], &[&ours])] {
        fs::write(vault.place(&name), vault.seal(&text).unwrap()).unwrap();
        assert!(exists(&name) && vault.opens(&vault.place(&name)));
        assert_eq!(vault.read(&name).unwrap(), text);
        let mut stream = vault.open(&name).unwrap();
        for at in [300_000, 0, 65_530] {
            let mut four = [0; 4];
            stream.seek(SeekFrom::Start(at)).unwrap();
            stream.read_exact(&mut four).unwrap();
            assert_eq!(four, text[at as usize..][..4]);
        }
        fs::remove_file(vault.place(&name)).unwrap();
    }
    assert_eq!(vault(&[], &[]).read(&name).unwrap_err().kind(), NotFound);
}

#[test]
fn the_armour_of_other_tools_is_read() {
    let [ours, _] = keys();
    let encryptor = Encryptor::with_recipients(std::iter::once(&ours.to_public() as _)).unwrap();
    let armour = age::armor::ArmoredWriter::wrap_output(Vec::new(), age::armor::Format::AsciiArmor).unwrap();
    let mut writer = encryptor.wrap_output(armour).unwrap();
    writer.write_all(b"skin").unwrap();
    let sealed = writer.finish().unwrap().finish().unwrap();
    assert!(sealed.starts_with(SIGNATURES[1]));
    assert_eq!(vault(&[], &[&ours]).unseal(sealed).unwrap(), b"skin");
}

#[test]
fn fingerprints_tell_recipients_apart_and_not_their_order() {
    let [a, b] = keys();
    let of = |keys: &[&Identity]| vault(keys, &[]).fingerprint();
    assert_eq!(of(&[&a, &b]), of(&[&b, &a, &a]));
    assert_ne!(of(&[&a]), of(&[&b]));
    assert_eq!(of(&[]), None);
    assert!(vault(&[&a], &[&a]).reads_its_own() && !vault(&[&a], &[&b]).reads_its_own());
}

#[test]
fn names_lose_one_ending() {
    for (name, clear) in [("a.jpg.age", "a.jpg"), ("a.age.age", "a.age"), (".age", ".age"), ("b/.age", "b/.age")] {
        assert_eq!(clear_name(name), clear);
    }
    assert!(has_sealed_name(Path::new("x/a.png.age")) && !has_sealed_name(Path::new("x.age/a.png")));
}

#[cfg(unix)]
#[test]
fn keys_that_are_none_are_refused_and_never_shown() {
    use age::secrecy::ExposeSecret;
    use std::os::unix::fs::PermissionsExt;
    let [ours, _] = keys();
    let secret = ours.to_string().expose_secret().to_owned();
    let error = recipient(&secret).unwrap_err().to_string();
    assert!(error.contains("age-keygen -y") && !error.contains(&secret[20..]), "{error}");
    assert!(recipient("ssh-ed25519 AAAA").unwrap_err().to_string().contains("age1"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let put = |text: &str, mode: u32| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    };
    put(&format!("# made by a test\n{secret}\n"), 0o600);
    assert_eq!(identities(&file).unwrap().len(), 1);
    for (text, mode, word) in [
        (secret.clone(), 0o644, "chmod 600"),
        (format!("{secret}X"), 0o600, "AGE-SECRET-KEY-1"),
        ("# nothing\n".to_owned(), 0o600, "holds no key"),
        ("age-encryption.org/v1\n-> scrypt x 18\n".to_owned(), 0o600, "no passphrase"),
    ] {
        put(&text, mode);
        let error = identities(&file).err().unwrap().to_string();
        assert!(error.contains(word) && !error.contains(&secret[20..]), "{error}");
    }
    assert!(recipients_in(&file).is_err());
    fs::write(&file, format!("# team\n{}\n", ours.to_public())).unwrap();
    assert_eq!(recipients_in(&file).unwrap().len(), 1);
}
