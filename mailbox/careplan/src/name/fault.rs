//! Why a name is not accepted, and what to do about it.

use super::Parts;
use crate::{Code, Kind, Lang};

/// A file that was meant to be of the standard, but whose name no receiver could use.
///
/// It does not hold the name itself: a name that follows no rule may hold anything, a person's name included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameProblem {
    /// The kind it looks like.
    pub kind: Kind,
    /// What is wrong.
    pub fault: NameFault,
    /// What could be read all the same, if only the serial is wrong.
    pub(crate) parts: Option<Parts>,
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameFault {
    /// The kind is written in small letters, in full width, or with `I` for `1`.
    KindSpelling,
    /// A browser or Windows added `(1)` or `コピー`.
    CopyMark,
    /// The kind needs a month and none stands there.
    MonthMissing,
    /// Six digits that are no month.
    MonthUnknown,
    /// The sender's number is not 10 characters long, or has other characters; the length found.
    SenderOffice(usize),
    /// The recipient's number; the length found.
    RecipientOffice(usize),
    /// A service kind that is not two (edition 4.0: three) characters.
    Service,
    /// Sender and recipient are written in the forms of different editions.
    Forms,
    /// The serial is not 14 digits; the length found.
    SerialShape(usize),
    /// The serial is 14 digits, but no date and time.
    SerialIsNoDate,
    /// An image without a 4-digit branch number.
    Branch,
    /// A picture whose extension is that of a table.
    PictureExtension,
    /// Too many or too few parts.
    Shape,
}

/// How a name departs from the standard's spelling although everyone can read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slip {
    /// A month stands where the kind has none; official examples do the same.
    Month,
    /// The extension is not written `.CSV` (or `.jpg`).
    Extension,
}

impl Slip {
    /// The finding code.
    pub fn code(self) -> Code {
        match self {
            Self::Month => Code::F003,
            Self::Extension => Code::F005,
        }
    }
}

impl NameProblem {
    /// The finding code.
    pub fn code(&self) -> Code {
        match self.fault {
            NameFault::SerialIsNoDate => Code::F004,
            _ => Code::F001,
        }
    }

    /// What is wrong, in one sentence.
    pub fn sentence(&self, lang: Lang) -> String {
        let kind = self.kind;
        match lang {
            Lang::Ja => {
                format!("「{}」（{kind}）のファイル名として読めません。{}", kind.name(lang), self.fault.ja())
            }
            Lang::En => {
                format!("The name looks like {kind} ({}) but cannot be read: {}.", kind.name(lang), self.fault.en())
            }
        }
    }

    /// What to do next.
    pub fn what_to_do(&self, lang: Lang) -> &'static str {
        match self.fault {
            NameFault::CopyMark => lang.pick(
                "元の名前に戻すか、介護ソフトからもう一度出力してください。",
                "Restore the original name, or export the file again from your care software.",
            ),
            _ => lang.pick(
                "名前は変更せず、介護ソフトからもう一度出力してください。介護ソフトが出力した名前のままの場合は、介護ソフトの会社にお問い合わせください。",
                "Export the file again from your care software and leave its name alone. If this is the exported name, ask the software's maker.",
            ),
        }
    }
}

impl NameFault {
    fn ja(self) -> String {
        match self {
            Self::KindSpelling => "種類の部分が半角大文字の決まった綴りではありません。".into(),
            Self::CopyMark => "コピーの印（「(1)」や「コピー」）が付いています。".into(),
            Self::MonthMissing => "サービス提供年月（YYYYMM）がありません。".into(),
            Self::MonthUnknown => "年月の6桁が、この種類で使える年月ではありません。".into(),
            Self::SenderOffice(n) => format!("送信元の事業所番号が半角英数字10桁ではありません（{n}文字）。"),
            Self::RecipientOffice(n) => format!("送信先の事業所番号が半角英数字10桁ではありません（{n}文字）。"),
            Self::Service => "サービス種類コードが2桁ではありません。".into(),
            Self::Forms => "送信元と送信先でサービス種類コードの書き方が違います。".into(),
            Self::SerialShape(n) => format!("ファイル連番が14桁の数字（YYYYMMDDHHMMSS）ではありません（{n}文字）。"),
            Self::SerialIsNoDate => "ファイル連番の14桁が、実在する日時ではありません。".into(),
            Self::Branch => "画像の枝番（4桁の数字）がありません。".into(),
            Self::PictureExtension => "画像の拡張子は .jpg です。".into(),
            Self::Shape => "「_」で区切られた部分の数が決まりと違います。".into(),
        }
    }

    fn en(self) -> String {
        match self {
            Self::KindSpelling => "the kind is not written in plain capital letters as the standard spells it".into(),
            Self::CopyMark => "it carries the mark of a copy".into(),
            Self::MonthMissing => "the service month (YYYYMM) is missing".into(),
            Self::MonthUnknown => "the six digits are not a month that this kind may carry".into(),
            Self::SenderOffice(n) => format!("the sender's office number has {n} characters instead of 10 of 0-9 A-Z"),
            Self::RecipientOffice(n) => {
                format!("the recipient's office number has {n} characters instead of 10 of 0-9 A-Z")
            }
            Self::Service => "a service kind is not two characters".into(),
            Self::Forms => "sender and recipient are written in the forms of different editions".into(),
            Self::SerialShape(n) => format!("the serial has {n} characters instead of 14 digits"),
            Self::SerialIsNoDate => "the 14 digits of the serial are not a date and time".into(),
            Self::Branch => "the picture's branch number (4 digits) is missing".into(),
            Self::PictureExtension => "a picture has the extension .jpg".into(),
            Self::Shape => "it has too many or too few parts between underscores".into(),
        }
    }
}
