//! The finding codes: stable words for what can be wrong. They are ours, not the official system's.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One row per code: the code and what it is about, Japanese and English.
macro_rules! codes {
    ($($code:ident $ja:literal $en:literal;)*) => {
        /// A finding code. The letter groups them: F name, E characters, C shape, N and Q small departures, L length,
        /// R required, D M T K values, V editions, X joins, B send units, I images.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code { $(#[doc = $en] $code,)* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// The code as written, such as `X004`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            /// What the code is about, in a few words.
            pub fn title(self, lang: crate::Lang) -> &'static str {
                match self { $(Self::$code => lang.pick($ja, $en),)* }
            }
        }
    };
}

codes! {
    F001 "ファイル名" "file name";
    F003 "ファイル名の余分な年月" "a month where none belongs";
    F004 "ファイル連番の日時" "serial is no date and time";
    F005 "拡張子の書き方" "spelling of the extension";
    E001 "文字コード" "not in the MS932 character set";
    E002 "外字" "private-use character";
    E003 "UTF-8" "UTF-8 instead of MS932";
    E004 "制御文字" "control character";
    C001 "引用符" "quoting";
    C002 "項目数" "number of columns";
    C003 "データなし" "no record";
    N001 "改行コード" "line ends are not CRLF";
    N002 "見出し行" "header row";
    N003 "数値・書式" "number or format";
    Q001 "引用符なしの文字項目" "free text without quotes";
    L001 "桁数超過" "too long";
    L002 "固定桁数" "fixed length";
    R001 "必須項目" "required";
    R002 "必須項目（要確認）" "probably required";
    D001 "日付" "date";
    M001 "年月" "month";
    T001 "時刻" "time";
    K001 "コード値" "code value";
    V001 "バージョンの混在" "mixed versions";
    V002 "不明なバージョン" "unknown version";
    V003 "バージョンと年月" "version and service month";
    V004 "バージョンとファイル名" "version and form of the file name";
    V005 "誤ったバージョン値" "known wrong version value";
    V006 "版にない種類" "kind not in this version";
    V007 "レイアウト不明の版" "layout of this version is not known";
    X001 "年月とファイル名" "month and file name";
    X002 "事業所とファイル名" "office and file name";
    X003 "補足情報の紐付け" "link of the supplement";
    X004 "キーの重複" "duplicate key";
    X006 "福祉用具のコード" "TAIS or equipment notice code";
    X007 "合計行なし" "no grand total";
    X008 "対象年月外の日付" "date outside the month";
    X009 "送信先と無関係の利用者" "person not served by the receiver";
    X010 "作成者と送信先" "planner is not the receiver";
    B001 "送信単位" "not a send unit";
    B002 "補足情報の利用者" "persons of the supplement";
    B003 "作成日と1表" "plan date without table 1";
    I001 "画像形式" "picture is not JPEG";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// 警告: readable all the same, but not as the standard writes it.
    Warning,
    /// エラー: the other side's software cannot be expected to import it.
    Error,
}
