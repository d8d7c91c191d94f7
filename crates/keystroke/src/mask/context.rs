//! Words before a number that say its kind.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Draft;
use super::normal::{attaches, pattern};
use super::number::runs;
use quarry_domain::{ID_LABEL, PHONE_LABEL};

/// The kind of a number, by the word before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordKind {
    Phone,
    /// A product, whose numbers have any groups.
    Part,
    /// A transaction, whose number has few groups; beside it, visitors enter contact data.
    Order,
}

const PHONE_WORDS: &[&str] = &[
    "tel",
    "tél",
    "telefon",
    "telefono",
    "teléfono",
    "telefone",
    "telephone",
    "téléphone",
    "telefonnummer",
    "phone",
    "phones",
    "fon",
    "fone",
    "mobile",
    "mobil",
    "mobiel",
    "movil",
    "móvil",
    "cell",
    "cellphone",
    "celular",
    "cellulare",
    "handy",
    "handynummer",
    "rufnummer",
    "call",
    "dial",
    "fax",
    "whatsapp",
    "viber",
    "sms",
    "puh",
    "tlf",
    "gsm",
    "телефон",
    "тел",
    "моб",
    "τηλ",
    "τηλέφωνο",
    "هاتف",
    "جوال",
    "फोन",
];
/// Words of scripts without spaces.
const UNSPACED_PHONE_WORDS: &[&str] = &["电话", "電話", "手机", "手機", "携帯", "전화", "โทร"];
const PART_WORDS: &[&str] = &[
    "part",
    "parts",
    "sku",
    "item",
    "art",
    "artikel",
    "article",
    "articolo",
    "artículo",
    "model",
    "modell",
    "isbn",
    "ean",
    "upc",
    "gtin",
    "asin",
    "mpn",
    "oem",
    "oe",
    "teil",
    "teilenummer",
    "artikelnummer",
    "pn",
    "sn",
    "serial",
    "version",
    "ver",
    "catalog",
    "cat",
    "lot",
    "batch",
    "build",
    "pieza",
    "pièce",
    "doi",
    "pmid",
    "arxiv",
    "nsn",
    "hs",
    "cas",
];
const ORDER_WORDS: &[&str] = &[
    "order",
    "bestellung",
    "bestellnummer",
    "invoice",
    "ticket",
    "issue",
    "bug",
    "code",
    "ref",
    "reference",
    "réf",
    "referencia",
];
/// Words that follow the word that says the kind.
const NUMBER_WORDS: &[&str] =
    &["no", "nr", "num", "number", "nummer", "numero", "número", "numéro", "id", "is"];

/// The fewest digits after a word for a phone number.
const LABELLED_DIGITS: std::ops::RangeInclusive<usize> = 6..=15;

static ID_WORDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)(?:^|[^\p{L}\p{N}])(?:ssn|social security|sozialversicherung\w*|passport|pasaporte|passeport|reisepass",
        r"|passnummer|dni|nie|nif|bsn|burgerservicenummer|cpf|pesel|aadhaa?r|nric|steuer-?id\w*|steuernummer",
        r"|oib|nino|national insurance|nhs|personnummer|f[øo]dselsnummer|cpr|henkil[öo]tunnus|codice fiscale|curp",
        r"|cuil|cuit|snils|снилс|инн|паспорт|jmbg|egn|егн|cnp|amka|αμκα|ahv|svnr|national id|id card|identity card",
        r"|personalausweis|ausweis\w*|f[üu]hrerschein\w*|driver'?s? licen[cs]e|身份证号?|身分證|マイナンバー|주민등록번호)",
        r"(?:\s(?:no|nr|num|number|nummer|numero|card))?\.?[ :#=]{0,3}",
        r"([0-9A-Za-z]+(?:[ .\-/][0-9A-Za-z]*[0-9][0-9A-Za-z]*)*)",
    ))
});
/// The fewest digits after a word for an identity number.
const ID_DIGITS: usize = 6;

/// Masks numbers after a word that says their kind.
pub(super) fn mask(draft: &mut Draft<'_>) {
    let text = draft.normal.text();
    let ids: Vec<Range<usize>> = ID_WORDS
        .captures_iter(text)
        .filter_map(|found| found.get(1))
        .filter(|found| found.as_str().bytes().filter(u8::is_ascii_digit).count() >= ID_DIGITS)
        .map(|found| found.range())
        .collect();
    draft.replace_all(ids, ID_LABEL);
    let text = draft.normal.text();
    let mut phones = Vec::new();
    for run in runs(text) {
        let count: usize = run.groups.iter().map(|group| group.len()).sum();
        if LABELLED_DIGITS.contains(&count)
            && !run.is_continued
            && kind_before(text, run.start) == Some(WordKind::Phone)
        {
            phones.push(run.range(0, run.groups.len()));
        }
    }
    draft.replace_all(phones, PHONE_LABEL);
}

/// The kind that the word before a position says.
pub(super) fn kind_before(text: &str, position: usize) -> Option<WordKind> {
    let mut before = &text[..position];
    for _ in 0..2 {
        let trimmed = before.trim_end_matches([' ', ':', '#', '.', '=', '(', '+', '/', '-']);
        if UNSPACED_PHONE_WORDS.iter().any(|word| trimmed.ends_with(word)) {
            return Some(WordKind::Phone);
        }
        let start = trimmed.char_indices().rev().take_while(|(_, char)| attaches(*char)).last();
        let word = trimmed[start.map_or(trimmed.len(), |(start, _)| start)..].to_lowercase();
        if PHONE_WORDS.contains(&word.as_str()) {
            return Some(WordKind::Phone);
        }
        if PART_WORDS.contains(&word.as_str()) {
            return Some(WordKind::Part);
        }
        if ORDER_WORDS.contains(&word.as_str()) {
            return Some(WordKind::Order);
        }
        if !NUMBER_WORDS.contains(&word.as_str()) {
            return None;
        }
        before = &trimmed[..trimmed.len() - word.len()];
    }
    None
}
