//! What is wrong, in one sentence. The place is shown beside it, so the sentence does not repeat it.

use super::Fault;
use crate::layout::Form;
use crate::table::QuoteFault;
use crate::{Kind, Lang, Slip};

impl Fault {
    pub(crate) fn sentence(&self, lang: Lang) -> String {
        match self {
            Self::Name(problem) => problem.sentence(lang),
            Self::Unit(fault) => fault.sentence(lang),
            _ => match lang {
                Lang::Ja => self.of_bytes_ja().or_else(|| self.of_values_ja()).unwrap_or_else(|| self.of_joins_ja()),
                Lang::En => self.of_bytes_en().or_else(|| self.of_values_en()).unwrap_or_else(|| self.of_joins_en()),
            },
        }
    }

    fn of_bytes_ja(&self) -> Option<String> {
        Some(match self {
            Self::Slip(Slip::Month) => "この種類のファイル名には付かない年月が付いています。".into(),
            Self::Slip(Slip::Extension) => "拡張子が標準の書き方（.CSV、画像は .jpg）ではありません。".into(),
            Self::NotMs932 => "Shift_JIS（MS932）として読めない文字コードがあります。".into(),
            Self::Utf16 => "ファイルがUTF-16で保存されています。標準はShift_JIS（MS932）です。".into(),
            Self::Utf8 { mark: true } => {
                "ファイルの先頭にUTF-8の印（BOM）があります。標準はShift_JIS（MS932）です。".into()
            }
            Self::Utf8 { mark: false } => "ファイルがUTF-8で保存されています。標準はShift_JIS（MS932）です。".into(),
            Self::PrivateUse => {
                "外字が使われています。外字は相手の事業所では別の文字になるか、消えてしまいます。".into()
            }
            Self::Control => "目に見えない制御文字が入っています。".into(),
            Self::Quotes(QuoteFault::Unclosed) => "引用符（\"）が閉じられないまま、ファイルが終わっています。".into(),
            Self::Quotes(QuoteFault::AfterClosing) => "引用符（\"）を閉じた後に、余分な文字があります。".into(),
            Self::Quotes(QuoteFault::Inside) => "引用符で始まっていない項目の途中に、引用符（\"）があります。".into(),
            Self::Columns { found, expected } => format!("項目が{found}個あります。この版では{expected}個です。"),
            Self::BlankLine => "空の行があります。".into(),
            Self::NoRecord => "データが1行もありません。".into(),
            Self::LineEnds => "改行コードがCRLFではない行があります。".into(),
            Self::Header => "1行目が見出しになっています。標準のファイルに見出し行はありません。".into(),
            Self::Unquoted => "文字の項目が引用符（\"）で囲まれていません。".into(),
            _ => return None,
        })
    }

    fn of_bytes_en(&self) -> Option<String> {
        Some(match self {
            Self::Slip(Slip::Month) => "The name carries a month, which this kind does not have.".into(),
            Self::Slip(Slip::Extension) => "The extension is not spelled .CSV (.jpg for a picture).".into(),
            Self::NotMs932 => "There are bytes that are no character of Shift_JIS (MS932).".into(),
            Self::Utf16 => "The file is saved as UTF-16; the standard is Shift_JIS (MS932).".into(),
            Self::Utf8 { mark: true } => {
                "The file begins with the mark of UTF-8 (BOM); the standard is Shift_JIS (MS932).".into()
            }
            Self::Utf8 { mark: false } => "The file is saved as UTF-8; the standard is Shift_JIS (MS932).".into(),
            Self::PrivateUse => "A private-use character (gaiji) is used; elsewhere it is another one, or none.".into(),
            Self::Control => "There is an invisible control character.".into(),
            Self::Quotes(QuoteFault::Unclosed) => "The file ends inside quotes (\").".into(),
            Self::Quotes(QuoteFault::AfterClosing) => "Something follows a closing quote (\").".into(),
            Self::Quotes(QuoteFault::Inside) => {
                "A quote (\") stands inside a value that does not begin with one.".into()
            }
            Self::Columns { found, expected } => {
                format!("The row has {found} columns; in this edition there are {expected}.")
            }
            Self::BlankLine => "There is an empty line.".into(),
            Self::NoRecord => "There is not a single row.".into(),
            Self::LineEnds => "There are line ends other than CRLF.".into(),
            Self::Header => "The first row is a heading; files of the standard have none.".into(),
            Self::Unquoted => "Free text is not enclosed in quotes (\").".into(),
            _ => return None,
        })
    }

    fn of_values_ja(&self) -> Option<String> {
        Some(match self {
            Self::Form(form) => form_ja(*form).into(),
            Self::TooLong { longest, found } => format!("{found}桁あります。{longest}桁までです。"),
            Self::Fixed { length, found } => format!("{found}桁です。必ず{length}桁で書きます。"),
            Self::Required => "必須の項目が空です。".into(),
            Self::RequiredUnsure => "必須と思われる項目が空です（標準の表記がはっきりしません）。".into(),
            Self::RequiredWhen { other } => format!("「{other}」の値により必須となる項目が空です。"),
            Self::Date => "実在する日付（YYYYMMDD）ではありません。".into(),
            Self::Month => "実在する年月（YYYYMM）ではありません。".into(),
            Self::Time => "時刻（HHMM、0000～2359）ではありません。".into(),
            Self::Value(codes) => format!("コード表にない値です。使える値: {}", codes.listed()),
            Self::MixedVersions => "CSVバージョンが1行目と違います。1つのファイルに版は混ぜられません。".into(),
            Self::UnknownVersion => "知られていないCSVバージョンです。この版の項目は確認できませんでした。".into(),
            Self::VersionMonth { edition, month } => {
                format!("第{}版（{}）は、{month}のサービスには使いません。", edition.label(), edition.value())
            }
            Self::VersionForm { edition, form } => {
                format!(
                    "中身は第{}版（{}）ですが、ファイル名は第{form}版の書き方です。",
                    edition.label(),
                    edition.value()
                )
            }
            Self::WrongVersion => {
                "第4.1版のつもりと思われますが、CSVバージョンの値が誤っています。正しくは202407です。".into()
            }
            Self::NotInEdition { kind, edition } => {
                format!(
                    "「{}」（{kind}）は第{}版にはありません。第4版からの種類です。",
                    kind.name(Lang::Ja),
                    edition.label()
                )
            }
            Self::LayoutUnknown(edition) => {
                format!("第{}版の項目の並びは公開資料で確認できないため、項目は確認していません。", edition.label())
            }
            _ => return None,
        })
    }

    fn of_values_en(&self) -> Option<String> {
        Some(match self {
            Self::Form(form) => form_en(*form).into(),
            Self::TooLong { longest, found } => format!("It has {found} characters; at most {longest} are allowed."),
            Self::Fixed { length, found } => format!("It has {found} characters; exactly {length} are written."),
            Self::Required => "A required value is missing.".into(),
            Self::RequiredUnsure => {
                "A value that is probably required is missing (the standard's print is unclear).".into()
            }
            Self::RequiredWhen { other } => format!("The value is required because of the value of \"{other}\"."),
            Self::Date => "It is not a date of the calendar (YYYYMMDD).".into(),
            Self::Month => "It is not a month (YYYYMM).".into(),
            Self::Time => "It is not a time of day (HHMM, 0000 to 2359).".into(),
            Self::Value(codes) => format!("The code table does not have this value. Allowed: {}", codes.listed()),
            Self::MixedVersions => "The version differs from that of the first row; one file has one version.".into(),
            Self::UnknownVersion => "The version is not known, so the columns could not be checked.".into(),
            Self::VersionMonth { edition, month } => {
                format!("Edition {} ({}) is not used for services of {month}.", edition.label(), edition.value())
            }
            Self::VersionForm { edition, form } => format!(
                "The content is of edition {} ({}), but the file is named as in edition {form}.",
                edition.label(),
                edition.value()
            ),
            Self::WrongVersion => "Edition 4.1 is probably meant, but its version value is 202407.".into(),
            Self::NotInEdition { kind, edition } => {
                format!("{kind} ({}) does not exist in edition {}.", kind.name(Lang::En), edition.label())
            }
            Self::LayoutUnknown(edition) => {
                format!("The columns of edition {} are not published, so they were not checked.", edition.label())
            }
            _ => return None,
        })
    }

    fn of_joins_ja(&self) -> String {
        match self {
            Self::MonthDiffers(month) => format!("ファイル名の年月（{month}）と違います。"),
            Self::SenderDiffers { sender, .. } => format!("ファイル名の送信元の事業所（{sender}）と違います。"),
            Self::PlannerDiffers(recipient) => format!("ファイル名の送信先の事業所（{recipient}）と違います。"),
            Self::Link => "補足情報は、作成日と対象年月のどちらか一方だけで紐付けます。1～3表と送るときは対象年月を000000に、6・7表と送るときは作成日を00000000にし、ファイル名の年月と揃えます。".into(),
            Self::Duplicate { first } => format!("{first}行目と同じキーの行です。"),
            Self::Equipment => "福祉用具貸与の行に、TAISコードも福祉用具届出コードもありません。".into(),
            Self::NoTotal => "この利用者の合計行（サービスコード999999、事業所9999999999）がありません。".into(),
            Self::DateOutside => "サービス利用日が対象年月の外です。".into(),
            Self::NotServed(recipient) => {
                format!("この利用者には、送信先の事業所（{recipient}）のサービスが1行もありません。")
            }
            Self::NoSupplement => "この利用者の補足情報（UPHOSOKU）がありません。".into(),
            Self::SupplementAlone => "この利用者は補足情報にだけあり、一緒に送る表にはありません。".into(),
            Self::NoParent(Kind::Table1) => "利用者と作成日の同じ行が、居宅サービス計画1表（UP1KYO）にありません。".into(),
            Self::NoParent(kind) => format!("利用者と日付の同じ行が、{}（{kind}）にありません。", kind.name(Lang::Ja)),
            Self::NoPicture => "ここに書かれた名前の画像ファイルが、一緒に選ばれていません。".into(),
            Self::NotJpeg => "画像の中身がJPEGではありません。".into(),
            _ => self.code().title(Lang::Ja).into(),
        }
    }

    fn of_joins_en(&self) -> String {
        match self {
            Self::MonthDiffers(month) => format!("It differs from the month of the file name ({month})."),
            Self::SenderDiffers { sender, .. } => format!("It differs from the sender in the file name ({sender})."),
            Self::PlannerDiffers(recipient) => {
                format!("It differs from the recipient in the file name ({recipient}).")
            }
            Self::Link => "A supplement is linked either by plan date or by month: with tables 1-3 the month is 000000, with tables 6 and 7 the plan date is 00000000, and the file name agrees.".into(),
            Self::Duplicate { first } => format!("The row has the same key as row {first}."),
            Self::Equipment => "A row of rented equipment has neither a TAIS code nor an equipment notice code.".into(),
            Self::NoTotal => "This person has no grand-total row (service 999999, provider 9999999999).".into(),
            Self::DateOutside => "The date of service lies outside the month.".into(),
            Self::NotServed(recipient) => format!("This person has no service of the recipient ({recipient})."),
            Self::NoSupplement => "This person has no supplement (UPHOSOKU).".into(),
            Self::SupplementAlone => "This person is in the supplement but not in the tables sent with it.".into(),
            Self::NoParent(kind) => {
                format!("{kind} ({}) has no row with this person and date.", kind.name(Lang::En))
            }
            Self::NoPicture => "The picture named here is not among the files.".into(),
            Self::NotJpeg => "The content of the picture is not JPEG.".into(),
            _ => self.code().title(Lang::En).into(),
        }
    }
}

fn form_ja(form: Form) -> &'static str {
    match form {
        Form::Digits => "半角数字だけで書きます。",
        Form::Insured => "被保険者番号は半角数字10桁、または「H」と半角数字9桁です。",
        Form::Office => "事業所番号は半角英数字10桁です。",
        Form::Int { signed: true, .. } => "整数（半角数字）で書きます。",
        Form::Int { from: 1, .. } => "1以上の整数（半角数字）で書きます。",
        Form::Int { .. } => "0以上の整数（半角数字）で書きます。",
        Form::Decimal => "半角数字で、小数は2桁までです（例: 10.00）。",
        Form::ServiceKind => "サービス種類コードは半角英数字2桁です。",
        Form::ServiceCode => "サービスコードは半角英数字6桁です。",
        Form::Postal => "郵便番号は NNN-NNNN の形です。",
        Form::Phone => "電話番号は半角の数字とハイフンで書きます。",
        Form::Days => "日割対象日は0と1の31文字です。",
        Form::Image => "一緒に送る画像ファイル（UPKIHON_IMAGE_…）の名前を書きます。",
        _ => "半角文字で書きます。",
    }
}

fn form_en(form: Form) -> &'static str {
    match form {
        Form::Digits => "It is written in digits only.",
        Form::Insured => "An insured person's number is 10 digits, or H and 9 digits.",
        Form::Office => "An office number is 10 characters of 0-9 and A-Z.",
        Form::Int { signed: true, .. } => "It is a whole number.",
        Form::Int { from: 1, .. } => "It is a whole number from 1.",
        Form::Int { .. } => "It is a whole number from 0.",
        Form::Decimal => "It is a number with at most two decimals, such as 10.00.",
        Form::ServiceKind => "A service kind is two characters of 0-9 and A-Z.",
        Form::ServiceCode => "A service code is six characters of 0-9 and A-Z.",
        Form::Postal => "A postal code is written NNN-NNNN.",
        Form::Phone => "A telephone number is written in digits and hyphens.",
        Form::Days => "The days are 31 characters of 0 and 1.",
        Form::Image => "It names a picture (UPKIHON_IMAGE_…) that travels along.",
        _ => "It is written in half-width characters.",
    }
}
