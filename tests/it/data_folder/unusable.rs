//! A data folder that is none, or that cannot be written to.

use crate::support::folder::Folder;

#[tokio::test]
async fn the_path_of_a_file_is_refused() {
    let folder = Folder::new("");
    std::fs::write(folder.path("notes"), "text").expect("can be written");
    for data_dir in ["notes", "notes/data"] {
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate", "status"], &["seed"]] {
            let arguments = [command, &["--data-dir", data_dir]].concat();
            let output = folder.fail(&arguments).await;
            let expected =
                format!("{} is not a folder: choose another data_dir", folder.path("notes").display());
            assert!(output.contains(&expected), "{arguments:?}: {output}");
            assert!(!output.contains("permissions"), "{arguments:?}: {output}");
        }
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_is_named() {
    let folder = Folder::new("");
    // In no user's `/proc` can a folder be created.
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate", "up"]] {
        let output = folder.fail(&[command, &["--data-dir", "/proc/quarry"]].concat()).await;
        assert!(output.contains("cannot write to /proc/quarry: choose another data_dir"), "{output}");
        assert!(!output.contains("database_url"), "{output}");
    }
    // A database elsewhere is none of the data folder.
    let url = "sqlite:///proc/quarry/other.db";
    let output = folder.fail(&["migrate", "up", "--database-url", url]).await;
    assert!(output.contains("check database_url"), "{output}");
}
