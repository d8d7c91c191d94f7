//! Irregular forms that no stemmer knows, folded, each with its regular form; plurals of acronyms.

use quarry_config::Language;

/// Acronyms that are no plurals, of which the rest is another frequent word or unit.
///
/// Others, such as `dns`, have a rest that hardly any text contains, so that it does not matter.
const SINGULARS: [&str; 10] = ["bps", "cms", "fps", "gps", "https", "mms", "mrs", "pms", "rms", "sms"];
/// The maximum length of an acronym without digits, and of one with digits.
const MAX_ACRONYM: usize = 4;
const MAX_MODEL: usize = 8;

/// Returns the regular form of an irregular one, or the acronym of a plural.
pub(super) fn regular_form(word: &str, language: Language) -> Option<&str> {
    irregular_form(word, language).or_else(|| acronym(word, language))
}

/// Returns the acronym of a plural: stemmers keep an `s` without a vowel before it, as in `cds` and `mp3s`.
fn acronym(word: &str, language: Language) -> Option<&str> {
    use Language::{Catalan, Dutch, English, French, German, Portuguese, Spanish};
    let base = word.strip_suffix('s')?;
    let letters = base.trim_end_matches(|c: char| c.is_ascii_digit());
    let max = if letters.len() < base.len() { MAX_MODEL } else { MAX_ACRONYM };
    // One letter is an initial, a unit or a programming language; `css` is no plural of `cs`.
    let is_plural = (2..=max).contains(&base.len())
        && !letters.is_empty()
        && letters.bytes().all(|byte| byte.is_ascii_lowercase() && !b"aeiouy".contains(&byte))
        && !base.ends_with('s');
    (is_plural
        && matches!(language, Catalan | Dutch | English | French | German | Portuguese | Spanish)
        && !SINGULARS.contains(&word))
    .then_some(base)
}

fn irregular_form(word: &str, language: Language) -> Option<&'static str> {
    let forms: &[(&str, &str)] = match language {
        Language::Danish => &DANISH,
        Language::Dutch => &DUTCH,
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
        Language::German => &GERMAN,
        Language::Italian => &ITALIAN,
        Language::Norwegian => &NORWEGIAN,
        Language::Polish => &POLISH,
        Language::Russian => &RUSSIAN,
        Language::Swedish => &SWEDISH,
        _ => return None,
    };
    let at = forms.binary_search_by_key(&word, |(form, _)| form).ok()?;
    Some(forms[at].1)
}

#[rustfmt::skip]
const DANISH: [(&str, &str); 14] = [
    ("boger", "bog"), ("bonder", "bonde"), ("born", "barn"), ("brodre", "broder"), ("dotre", "datter"),
    ("fodder", "fod"), ("haender", "hand"), ("hander", "hand"), ("maend", "mand"), ("naetter", "nat"),
    ("ojne", "oje"), ("sonner", "son"), ("sostre", "soster"), ("taender", "tand"),
];

#[rustfmt::skip]
const DUTCH: [(&str, &str); 24] = [
    ("bladeren", "blad"), ("dagen", "dag"), ("daken", "dak"), ("eieren", "ei"), ("feeen", "fee"),
    ("gaten", "gat"), ("glazen", "glas"), ("goederen", "goed"), ("kalveren", "kalf"), ("kinderen", "kind"),
    ("knieen", "knie"), ("koeien", "koe"), ("lammeren", "lam"), ("leden", "lid"), ("liederen", "lied"),
    ("paden", "pad"), ("runderen", "rund"), ("schepen", "schip"), ("sloten", "slot"), ("steden", "stad"),
    ("vaten", "vat"), ("volkeren", "volk"), ("wegen", "weg"), ("zeeen", "zee"),
];

#[rustfmt::skip]
const ENGLISH: [(&str, &str); 166] = [
    ("addenda", "addendum"), ("adieus", "adieu"), ("algae", "alga"), ("alumnae", "alumna"),
    ("alumni", "alumnus"), ("analyses", "analysis"), ("antennae", "antenna"), ("apices", "apex"),
    ("appendices", "appendix"), ("apus", "apu"), ("aquaria", "aquarium"), ("automata", "automaton"),
    ("axes", "axis"), ("bacilli", "bacillus"), ("bacteria", "bacterium"), ("bases", "basis"),
    ("bayous", "bayou"), ("beaux", "beau"), ("bookshelves", "bookshelf"), ("bras", "bra"),
    ("brethren", "brother"), ("bros", "bro"), ("bureaus", "bureau"), ("bureaux", "bureau"),
    ("businessmen", "businessman"), ("businesswomen", "businesswoman"), ("cacti", "cactus"),
    ("calves", "calf"), ("caribous", "caribou"), ("chairmen", "chairman"), ("chateaus", "chateau"),
    ("chateaux", "chateau"), ("cherubim", "cherub"), ("children", "child"), ("cloverleaves", "cloverleaf"),
    ("codices", "codex"), ("corpora", "corpus"), ("cpus", "cpu"), ("craftsmen", "craftsman"),
    ("crises", "crisis"), ("criteria", "criterion"), ("curricula", "curriculum"), ("diagnoses", "diagnosis"),
    ("dice", "die"), ("dormice", "dormouse"), ("dwarves", "dwarf"), ("ellipses", "ellipsis"),
    ("elves", "elf"), ("emphases", "emphasis"), ("emus", "emu"), ("errata", "erratum"),
    ("eyeteeth", "eyetooth"), ("feet", "foot"), ("firemen", "fireman"), ("firewomen", "firewoman"),
    ("fishermen", "fisherman"), ("flus", "flu"), ("foci", "focus"), ("forefeet", "forefoot"),
    ("formulae", "formula"), ("freshmen", "freshman"), ("fungi", "fungus"), ("gateaus", "gateau"),
    ("gateaux", "gateau"), ("geese", "goose"), ("genera", "genus"), ("gentlemen", "gentleman"),
    ("gnus", "gnu"), ("godchildren", "godchild"), ("gpus", "gpu"), ("grandchildren", "grandchild"),
    ("gurus", "guru"), ("haikus", "haiku"), ("halves", "half"), ("helices", "helix"),
    ("hippopotami", "hippopotamus"), ("hooves", "hoof"), ("housewives", "housewife"),
    ("hypotheses", "hypothesis"), ("impromptus", "impromptu"), ("indices", "index"), ("knives", "knife"),
    ("larvae", "larva"), ("leaves", "leaf"), ("lice", "louse"), ("lives", "life"), ("loaves", "loaf"),
    ("loci", "locus"), ("matrices", "matrix"), ("maxima", "maximum"), ("mcus", "mcu"),
    ("memoranda", "memorandum"), ("men", "man"), ("menus", "menu"), ("metamorphoses", "metamorphosis"),
    ("mice", "mouse"), ("midwives", "midwife"), ("millennia", "millennium"), ("minima", "minimum"),
    ("mongooses", "mongoose"), ("nebulae", "nebula"), ("neuroses", "neurosis"), ("npus", "npu"),
    ("nuclei", "nucleus"), ("oases", "oasis"), ("octopi", "octopus"), ("optima", "optimum"), ("ova", "ovum"),
    ("oxen", "ox"), ("parentheses", "parenthesis"), ("passersby", "passerby"), ("pence", "penny"),
    ("penknives", "penknife"), ("people", "person"), ("phenomena", "phenomenon"), ("plateaus", "plateau"),
    ("plateaux", "plateau"), ("policemen", "policeman"), ("policewomen", "policewoman"),
    ("prognoses", "prognosis"), ("pros", "pro"), ("psus", "psu"), ("quanta", "quantum"), ("radii", "radius"),
    ("rhinoceroses", "rhinoceros"), ("salesmen", "salesman"), ("scarves", "scarf"),
    ("schoolchildren", "schoolchild"), ("selves", "self"), ("seraphim", "seraph"), ("sheaves", "sheaf"),
    ("shelves", "shelf"), ("skus", "sku"), ("snowmen", "snowman"), ("spas", "spa"), ("spectra", "spectrum"),
    ("spokesmen", "spokesman"), ("sportsmen", "sportsman"), ("stadia", "stadium"), ("staves", "staff"),
    ("stepchildren", "stepchild"), ("stimuli", "stimulus"), ("strata", "stratum"), ("submenus", "submenu"),
    ("syllabi", "syllabus"), ("symposia", "symposium"), ("synopses", "synopsis"), ("tableaus", "tableau"),
    ("tableaux", "tableau"), ("teeth", "tooth"), ("termini", "terminus"), ("theses", "thesis"),
    ("thieves", "thief"), ("tofus", "tofu"), ("tpus", "tpu"), ("trousseaus", "trousseau"), ("tutus", "tutu"),
    ("vertebrae", "vertebra"), ("vertices", "vertex"), ("vortices", "vortex"), ("werewolves", "werewolf"),
    ("wharves", "wharf"), ("wives", "wife"), ("wolves", "wolf"), ("women", "woman"), ("workmen", "workman"),
];

#[rustfmt::skip]
const FRENCH: [(&str, &str); 41] = [
    ("abris", "abri"), ("amis", "ami"), ("bel", "beau"), ("belle", "beau"), ("belles", "beau"),
    ("blanche", "blanc"), ("blanches", "blanc"), ("cieux", "ciel"), ("clef", "cle"), ("clefs", "cle"),
    ("cles", "cle"), ("convois", "convoi"), ("defis", "defi"), ("emplois", "emploi"), ("etuis", "etui"),
    ("grosse", "gros"), ("grosses", "gros"), ("kiwis", "kiwi"), ("lois", "loi"), ("longue", "long"),
    ("longues", "long"), ("mesdames", "madame"), ("mesdemoiselles", "mademoiselle"),
    ("messieurs", "monsieur"), ("neuve", "neuf"), ("neuves", "neuf"), ("nouvel", "nouveau"),
    ("nouvelle", "nouveau"), ("nouvelles", "nouveau"), ("rois", "roi"), ("seche", "sec"), ("seches", "sec"),
    ("skis", "ski"), ("taxis", "taxi"), ("tournois", "tournoi"), ("travaux", "travail"),
    ("vieil", "vieux"), ("vieille", "vieux"), ("vieilles", "vieux"), ("vitraux", "vitrail"),
    ("yeux", "oeil"),
];

#[rustfmt::skip]
const GERMAN: [(&str, &str); 15] = [
    ("alben", "album"), ("firmen", "firma"), ("gymnasien", "gymnasium"), ("kakteen", "kaktus"),
    ("konten", "konto"), ("lexika", "lexikon"), ("medien", "medium"), ("museen", "museum"),
    ("pizzen", "pizza"), ("praxen", "praxis"), ("risiken", "risiko"), ("themen", "thema"),
    ("villen", "villa"), ("viren", "virus"), ("zentren", "zentrum"),
];

#[rustfmt::skip]
const ITALIAN: [(&str, &str); 9] = [
    ("braccia", "braccio"), ("buoi", "bue"), ("dita", "dito"), ("ginocchia", "ginocchio"),
    ("labbra", "labbro"), ("lenzuola", "lenzuolo"), ("templi", "tempio"), ("uomini", "uomo"),
    ("uova", "uovo"),
];

#[rustfmt::skip]
const NORWEGIAN: [(&str, &str); 12] = [
    ("boker", "bok"), ("bonder", "bonde"), ("brodre", "bror"), ("dotre", "datter"), ("fotter", "fot"),
    ("hender", "hand"), ("knaer", "kne"), ("menn", "mann"), ("netter", "natt"), ("oyne", "oye"),
    ("tenner", "tann"), ("traer", "tre"),
];

#[rustfmt::skip]
const POLISH: [(&str, &str); 2] = [
    ("dzieci", "dziecko"), ("ludzie", "czlowiek"),
];

#[rustfmt::skip]
const RUSSIAN: [(&str, &str); 2] = [
    ("дети", "ребенок"), ("люди", "человек"),
];

#[rustfmt::skip]
const SWEDISH: [(&str, &str); 14] = [
    ("bocker", "bok"), ("bonder", "bonde"), ("broder", "bror"), ("dottrar", "dotter"), ("fotter", "fot"),
    ("hander", "hand"), ("lander", "land"), ("moss", "mus"), ("natter", "natt"), ("rotter", "rot"),
    ("soner", "son"), ("stader", "stad"), ("strander", "strand"), ("tander", "tand"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found() {
        for language in Language::ALL {
            let forms: &[_] = match language {
                Language::English => &ENGLISH,
                Language::French => &FRENCH,
                Language::German => &GERMAN,
                Language::Russian => &RUSSIAN,
                _ => continue,
            };
            assert!(forms.is_sorted());
        }
        assert_eq!(regular_form("mice", Language::English), Some("mouse"));
        assert_eq!(regular_form("mice", Language::German), None);
        assert_eq!(regular_form("ludzie", Language::Polish), Some("czlowiek"));
    }

    #[test]
    fn plurals_of_acronyms_are_their_acronyms() {
        for (plural, singular) in [
            ("lcds", "lcd"),
            ("vms", "vm"),
            ("pdfs", "pdf"),
            ("html5s", "html5"),
            ("mp4s", "mp4"),
            ("rtx4070s", "rtx4070"),
            ("cpus", "cpu"),
            ("menus", "menu"),
        ] {
            assert_eq!(regular_form(plural, Language::English), Some(singular));
        }
        for word in
            ["is", "us", "cs", "css", "gps", "sms", "https", "1980s", "4s", "abs", "rhythms", "s", "bus"]
        {
            assert_eq!(regular_form(word, Language::English), None, "{word}");
        }
        assert_eq!(regular_form("dvds", Language::German), Some("dvd"));
        assert_eq!(regular_form("krks", Language::Czech), None);
    }
}
