//! Why a file could not be checked, in plain words, and what to do about it.

use std::io;

use fumibako_careplan::{Both, Lang, Private, Report, Unchecked};

/// Why a file could not be checked. The standard says nothing about any of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The system does not let us.
    CannotRead(io::ErrorKind),
    /// One file is larger than this.
    TooLarge(u64),
    /// The files of one folder are larger than this.
    FolderFull(u64),
    /// There are more files than this.
    TooManyFiles(usize),
    /// Folders go deeper than this.
    TooDeep(usize),
    /// It is called a ZIP, but cannot be read as one.
    NotAZip,
    /// The ZIP asks for a password.
    Encrypted,
    /// It is packed in a way that hardly anybody can unpack.
    Method,
    /// Two files in the ZIP have one name.
    SameNames,
    /// A ZIP in a ZIP.
    Nested,
    /// The ZIP unfolds to more than this.
    Unfolds(u64),
    /// The ZIP unfolds to more than this many times its size, as only one made to do harm does.
    Bomb(u64),
}

impl Why {
    pub(super) fn cannot_read(why: &io::Error) -> Self {
        Self::CannotRead(why.kind())
    }

    /// What is said about this file.
    pub(super) fn about(&self, file: &str) -> Unchecked {
        Unchecked {
            folder: Private::default(),
            file: Private::new(file),
            reason: self.reason(),
            sentence: Both::of(|lang| self.sentence(lang)),
            what_to_do: Both::of(|lang| self.what_to_do(lang)),
        }
    }

    /// A report that says nothing but this.
    pub(super) fn report(&self, file: &str) -> Report {
        Report { unchecked: vec![self.about(file)], ..Report::default() }
    }

    /// A stable word for programs.
    fn reason(&self) -> &'static str {
        match self {
            Self::CannotRead(_) => "cannot-read",
            Self::TooLarge(_) => "too-large",
            Self::FolderFull(_) => "folder-too-large",
            Self::TooManyFiles(_) => "too-many-files",
            Self::TooDeep(_) => "too-deep",
            Self::NotAZip => "not-a-zip",
            Self::Encrypted => "zip-encrypted",
            Self::Method => "zip-method",
            Self::SameNames => "zip-same-names",
            Self::Nested => "zip-in-zip",
            Self::Unfolds(_) => "zip-too-large",
            Self::Bomb(_) => "zip-bomb",
        }
    }

    fn sentence(&self, lang: Lang) -> String {
        match lang {
            Lang::Ja => self.japanese(),
            Lang::En => self.english(),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::CannotRead(io::ErrorKind::PermissionDenied) => "読み取りが許可されていません。".into(),
            Self::CannotRead(_) => "読み取れませんでした。".into(),
            Self::TooLarge(most) => format!("大きすぎます。確認できるのは 1 ファイル {} までです。", size(*most)),
            Self::FolderFull(most) => {
                format!("フォルダーのファイルの合計が大きすぎます。一度に確認できるのは {} までです。", size(*most))
            }
            Self::TooManyFiles(most) => {
                format!("ファイルが多すぎます。一度に確認できるのは {most} 個までで、残りは確認していません。")
            }
            Self::TooDeep(most) => {
                format!("フォルダーの中のフォルダーが {most} 段より深く、その先は確認していません。")
            }
            Self::NotAZip => "ZIP ファイルとして開けません。壊れているか、別の形式です。".into(),
            Self::Encrypted => "ZIP にパスワードがかかっています。".into(),
            Self::Method => "この ZIP の圧縮方式には対応していません。".into(),
            Self::SameNames => "ZIP の中に同じ名前のファイルが 2 つ以上あり、どちらを使うべきかわかりません。".into(),
            Self::Nested => "ZIP の中の ZIP は開きません。".into(),
            Self::Unfolds(most) => format!("ZIP の中身が大きすぎます。開けるのは合計 {} までです。", size(*most)),
            Self::Bomb(times) => {
                format!("開くと {times} 倍を超えて膨らむ ZIP です。害を与えるために作られたものかもしれません。")
            }
        }
    }

    fn english(&self) -> String {
        match self {
            Self::CannotRead(io::ErrorKind::PermissionDenied) => "Reading it is not allowed.".into(),
            Self::CannotRead(_) => "It could not be read.".into(),
            Self::TooLarge(most) => format!("It is too large; one file may have {}.", size(*most)),
            Self::FolderFull(most) => {
                format!("The files of this folder are too large together; {} are checked at once.", size(*most))
            }
            Self::TooManyFiles(most) => {
                format!("There are too many files; {most} are checked at once, the rest was not.")
            }
            Self::TooDeep(most) => format!("Folders are more than {most} deep; what lies below was not checked."),
            Self::NotAZip => "It does not open as a ZIP; it is damaged or something else.".into(),
            Self::Encrypted => "The ZIP asks for a password.".into(),
            Self::Method => "The ZIP is packed in a way that is not supported.".into(),
            Self::SameNames => "Two files in the ZIP have one name, so it is unclear which of them counts.".into(),
            Self::Nested => "A ZIP inside a ZIP is not opened.".into(),
            Self::Unfolds(most) => format!("The ZIP holds too much; {} are unpacked at most.", size(*most)),
            Self::Bomb(times) => {
                format!("Unpacked it is more than {times} times as large; it may have been made to do harm.")
            }
        }
    }

    fn what_to_do(&self, lang: Lang) -> &'static str {
        match self {
            Self::CannotRead(_) => lang.pick(
                "ほかのソフトで開いていないか、読み取りの権限があるかを確かめてください。",
                "See whether another program holds it and whether you may read it.",
            ),
            Self::TooLarge(_) => lang.pick(
                "ケアプランデータのファイルか確かめ、介護ソフトから分けて出力してください。",
                "See whether it is a care-plan file, and export it in parts.",
            ),
            Self::FolderFull(_) | Self::TooManyFiles(_) | Self::TooDeep(_) => {
                lang.pick("フォルダーを分けて、もう一度確認してください。", "Name the folders one after the other.")
            }
            Self::NotAZip => lang.pick(
                "ZIP を作り直すか、送り主にもう一度もらってください。",
                "Make the ZIP again, or ask its sender for another.",
            ),
            Self::Encrypted | Self::Method | Self::Nested | Self::Unfolds(_) => lang.pick(
                "ZIP を展開し、出てきたフォルダーを確認してください。",
                "Unpack it and check the folder that comes out.",
            ),
            Self::SameNames => lang.pick(
                "正しいほうだけを入れて、ZIP を作り直してください。",
                "Make the ZIP again with the right one only.",
            ),
            Self::Bomb(_) => lang.pick("開かずに、送り主に確かめてください。", "Do not open it; ask its sender."),
        }
    }
}

fn size(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{bytes} B"),
        mebibytes => format!("{mebibytes} MiB"),
    }
}
