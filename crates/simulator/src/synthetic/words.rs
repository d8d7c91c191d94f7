//! The vocabulary of the generator, by descending frequency in each list.
//!
//! Excluded from the formatter, which would put each word on a line of its own.

/// Names of authors.
pub(super) const USERS: &[&str] = &[
    "Jürgen Weißmann", "Niamh O'Donnell", "Chiara Ricci-Conti", "Søren Lindqvist", "Ngozi Adeyemi-Clarke",
    "Renée Beauchêne", "Rahul Iyer", "Mei-Ling Zhao", "Óscar Ibáñez", "Tamsin Fairweather",
];

/// Given names in texts.
pub(super) const GIVEN_NAMES: &[&str] = &[
    "Anna", "Daniel", "Maria", "Peter", "Laura", "Thomas", "Elena", "Michael", "Julia", "David", "Clara",
    "Simon", "Nora", "Paul", "Emma", "Lukas", "Hannah", "Felix", "Alice", "Oliver", "Ruth", "Martin", "Irene",
    "Victor", "Helen", "George", "Rosa", "Henry", "Ingrid", "Marcus", "Judith", "Walter", "Paula", "Edwin",
    "Stella", "Oscar", "Greta", "Hugo", "Astrid", "Tobias", "Miriam", "Leon", "Esther", "Arthur", "Sylvia",
    "Frank", "Ada", "Rupert", "Celia", "Gordon", "Edith", "Nils", "Farah", "Imran", "Yuki", "Kenji", "Aiko",
    "Haruto", "Priya", "Arjun", "Meera", "Sanjay", "Leila", "Omar", "Yasmin", "Karim", "Zainab", "Tariq",
    "Amara", "Kwame", "Chidi", "Folake", "Thandi", "Sipho", "Lucia", "Mateo", "Camila", "Diego", "Valeria",
    "Joaquin", "Bruna", "Caio", "Ximena", "Tadeo", "Pavel", "Irina", "Dmitri", "Olga", "Zofia", "Marek",
    "Katya", "Anton", "Bianca", "Radu", "Eszter", "Bela", "Vesna", "Goran", "Ivana", "Luka", "Dimitra",
    "Nikos", "Eleni", "Stavros", "Aylin", "Emre", "Deniz", "Selim", "Noa", "Avi", "Tamar", "Eitan", "Linh",
    "Minh", "Somchai", "Malee", "Putri", "Budi", "Tala", "Ramon", "Sione", "Mele", "Aroha", "Tane", "Kiri",
    "Ewan", "Isla", "Fergus", "Morag", "Gwen", "Rhys", "Carys", "Dylan", "Aoife", "Cormac", "Orla", "Declan",
    "Zoë", "René", "Chloé", "Björn", "Åsa", "Łukasz", "Jiří", "Inês",
];

/// Surnames in texts.
pub(super) const SURNAMES: &[&str] = &[
    "Harper", "Bennett", "Caldwell", "Whitmore", "Ashford", "Langley", "Prescott", "Thornton", "Hollis",
    "Marlowe", "Barrett", "Sinclair", "Radcliffe", "Winslow", "Carver", "Draper", "Fletcher", "Hale",
    "Ingram", "Keating", "Lockhart", "Merrick", "Northcott", "Osgood", "Pembroke", "Quill", "Ramsey",
    "Selwyn", "Tennant", "Underhill", "Vaughan", "Wexford", "Yardley", "Brandt", "Engel", "Fischer", "Grau",
    "Hoffmann", "Jansen", "Keller", "Lorenz", "Maurer", "Neumann", "Ostheim", "Pfeiffer", "Richter", "Sommer",
    "Thiele", "Ulrich", "Vogel", "Wagner", "Zeller", "Arnaud", "Blanchet", "Colbert", "Deschamps", "Fontaine",
    "Girard", "Joubert", "Lambert", "Mercier", "Noiret", "Perrin", "Roussel", "Tissot", "Vasseur", "Alvarez",
    "Bravo", "Castillo", "Delgado", "Escobar", "Figueroa", "Herrera", "Jimenez", "Lozano", "Medina",
    "Navarro", "Ortega", "Paredes", "Quintero", "Rojas", "Salinas", "Trujillo", "Vargas", "Zamora", "Amato",
    "Bellini", "Cattaneo", "Donati", "Esposito", "Ferrara", "Galli", "Lombardi", "Moretti", "Orsini",
    "Pagani", "Rinaldi", "Sartori", "Vitale", "Ahmadi", "Bakr", "Darwish", "Faisal", "Habib", "Jaber",
    "Khalil", "Mansour", "Nasser", "Qasim", "Rahman", "Salem", "Yousef", "Banerjee", "Chopra", "Dutta",
    "Ghosh", "Joshi", "Kapoor", "Malhotra", "Nair", "Pillai", "Rao", "Sethi", "Thakur", "Varma", "Fujita",
    "Hayashi", "Inoue", "Kimura", "Matsuda", "Nakano", "Okada", "Sakai", "Tanabe", "Ueda", "Yamane", "Baek",
    "Cho", "Hwang", "Jung", "Seo", "Yoon", "Chan", "Fong", "Huang", "Lau", "Tran", "Pham", "Nguyen", "Okafor",
    "Mensah", "Diallo", "Mbeki", "Abara", "Sithole", "Novak", "Horvat", "Kowal", "Dvorak", "Petrov", "Ivanov",
    "Lindgren", "Nygaard", "Hakkinen", "Virtanen", "Bergström", "Sørensen", "Müntefering", "Gonçalves",
    "Peña",
];

/// Cities.
pub(super) const CITIES: &[&str] = &[
    "London", "Paris", "New York", "Tokyo", "Rome", "Barcelona", "Singapore", "Vienna", "Lisbon", "Amsterdam",
    "Berlin", "Madrid", "Prague", "Copenhagen", "Stockholm", "Edinburgh", "Dublin", "Athens", "Florence",
    "Geneva", "Brussels", "Budapest", "Oslo", "Helsinki", "Warsaw", "Seoul", "Kyoto", "Osaka", "Bangkok",
    "Sydney", "Melbourne", "Auckland", "Vancouver", "Toronto", "Chicago", "Boston", "Seattle", "Austin",
    "Denver", "Santa Fe", "Savannah", "Charleston", "New Orleans", "Mexico City", "Lima", "Bogota",
    "Santiago", "Buenos Aires", "Montevideo", "Cartagena", "Havana", "Cairo", "Marrakesh", "Tangier", "Tunis",
    "Nairobi", "Kampala", "Accra", "Dakar", "Cape Town", "Durban", "Windhoek", "Zanzibar", "Mauritius",
    "Muscat", "Amman", "Beirut", "Istanbul", "Izmir", "Tbilisi", "Yerevan", "Baku", "Samarkand", "Almaty",
    "Mumbai", "Jaipur", "Udaipur", "Kochi", "Chennai", "Kolkata", "Colombo", "Kathmandu", "Thimphu", "Yangon",
    "Hanoi", "Hue", "Phnom Penh", "Vientiane", "Penang", "Jakarta", "Ubud", "Manila", "Cebu", "Taipei",
    "Macau", "Busan", "Sapporo", "Nagoya", "Fukuoka", "Perth", "Hobart", "Adelaide", "Queenstown", "Suva",
    "Apia", "Honolulu", "Anchorage", "Juneau", "Calgary", "Quebec", "Halifax", "Portland", "Palermo",
    "Naples", "Bologna", "Turin", "Verona", "Bergamo", "Siena", "Lucca", "Matera", "Lecce", "Cagliari",
    "Valletta", "Split", "Zagreb", "Ljubljana", "Sarajevo", "Belgrade", "Sofia", "Bucharest", "Tirana",
    "Skopje", "Riga", "Tallinn", "Vilnius", "Gdansk", "Krakow", "Leipzig", "Dresden", "Hamburg", "Bremen",
    "Freiburg", "Salzburg", "Graz", "Innsbruck", "Basel", "Lugano", "Lyon", "Bordeaux", "Nantes", "Lille",
    "Toulouse", "Avignon", "Antibes", "Bilbao", "Seville", "Granada", "Girona", "Porto", "Coimbra", "Faro",
    "Funchal", "Cork", "Galway", "Belfast", "Glasgow", "Inverness", "Bath", "York", "Oxford", "Cambridge",
    "Norwich", "Bristol", "Brighton", "Bergen", "Aarhus", "Malmo", "Turku", "Reykjavik", "Torshavn", "Zürich",
    "Málaga", "Cádiz", "São Paulo", "Kraków", "Tromsø", "Gdańsk", "Besançon", "Münster", "Göteborg",
    "Saint-Rémy", "Chișinău",
];

/// Services of a concierge.
pub(super) const SERVICES: &[&str] = &[
    "dinner", "a car", "a guide", "a table", "flowers", "a room", "breakfast", "a massage", "tickets",
    "a transfer", "a cake", "a photographer", "a babysitter", "a translator", "a cleaner", "a chef",
    "a florist", "a tailor", "a courier", "a tutor", "a nanny", "a plumber", "an electrician", "a gardener",
    "a driver", "a trainer", "a barber", "a violinist", "a pianist", "a painter", "a carpenter",
    "a locksmith", "a vet", "a dog walker", "a dentist", "a notary", "a tent", "a boat", "a bicycle",
    "a picnic", "a tasting", "a workshop", "a lesson", "a fitting", "a delivery", "a storage unit",
    "a gift basket", "a wine pairing", "a cooking class", "a boat trip", "a balloon ride", "a horse ride",
    "a museum tour", "a walking tour", "a food tour", "a dive", "a sauna", "a ferry", "a sleeper cabin",
    "a lounge pass", "a parking space", "a crib", "a high chair", "a wheelchair ramp", "an extra bed",
    "an early breakfast", "a late checkout", "a second key", "a fire pit", "a string quartet",
    "an archery lesson", "an observatory visit", "an ice rink", "a kayak", "a paddle board", "a tennis court",
    "a chess set", "a record player", "a projector", "a fax line", "a seamstress", "a calligrapher",
    "a sommelier", "a magician", "a beekeeper", "a falconer",
];

/// Objects.
pub(super) const THINGS: &[&str] = &[
    "suitcase", "passport", "charger", "umbrella", "jacket", "laptop", "phone", "camera", "watch", "coat",
    "scarf", "wallet", "keys", "glasses", "headphones", "necklace", "ring", "bracelet", "backpack", "shoes",
    "boots", "gloves", "hat", "suit", "dress", "shirt", "tie", "blanket", "pillow", "lamp", "mirror",
    "carpet", "curtain", "sofa", "armchair", "desk", "bookshelf", "mattress", "kettle", "toaster", "oven",
    "freezer", "dishwasher", "thermostat", "boiler", "radiator", "shower", "faucet", "doorbell", "gate",
    "fence", "lawnmower", "hedge", "greenhouse", "bicycle", "scooter", "stroller", "helmet", "surfboard",
    "snowboard", "skis", "tent", "rucksack", "compass", "lantern", "telescope", "binoculars", "guitar",
    "violin", "cello", "piano", "trumpet", "clarinet", "drum", "easel", "canvas", "sculpture", "vase",
    "candle", "chandelier", "clock", "globe", "atlas", "notebook", "novel", "cookbook", "manuscript",
    "letter", "parcel", "invoice", "receipt", "contract", "certificate", "diploma", "visa", "ticket",
    "voucher", "brochure", "map", "calendar", "poster", "photograph", "album", "painting", "teapot",
    "decanter", "goblet", "saucer", "platter", "skillet", "casserole", "whisk", "grater", "corkscrew",
    "thermos", "hamper", "tablecloth", "napkin", "apron", "towel", "bathrobe", "slippers", "razor", "perfume",
    "lipstick", "toothbrush", "inhaler", "thermometer", "bandage", "crutch", "hammock", "parasol", "awning",
    "barbecue", "trowel", "wheelbarrow", "birdhouse", "aquarium", "leash", "saddle", "bridle", "anchor",
    "paddle", "oar", "sail", "compressor", "generator", "battery", "adapter", "router", "keyboard", "monitor",
    "printer", "scanner", "projector", "speaker", "microphone", "tripod", "drone", "joystick", "puzzle",
    "dollhouse", "marble", "kite", "yo-yo", "harmonica", "metronome", "typewriter", "gramophone", "tapestry",
    "heirloom", "brooch", "cufflinks", "locket", "tiara",
];

/// Adjectives of objects and places.
pub(super) const ADJECTIVES: &[&str] = &[
    "quiet", "small", "new", "good", "large", "private", "warm", "early", "late", "old", "local", "simple",
    "comfortable", "fresh", "bright", "elegant", "modern", "classic", "cozy", "spacious", "sunny", "central",
    "reliable", "friendly", "generous", "gentle", "rustic", "charming", "peaceful", "lively", "historic",
    "secluded", "modest", "splendid", "seasonal", "vegetarian", "organic", "handmade", "leather", "wooden",
    "silver", "golden", "woollen", "linen", "velvet", "ceramic", "marble", "copper", "brass", "striped",
    "checked", "plain", "colourful", "pale", "dark", "crimson", "emerald", "turquoise", "ivory", "amber",
    "indigo", "scarlet", "lavender", "charcoal", "heavy", "light", "sturdy", "delicate", "compact",
    "foldable", "waterproof", "portable", "antique", "vintage", "refurbished", "spare", "missing", "broken",
    "scratched", "stained", "faded", "creased", "crooked", "noisy", "draughty", "damp", "chilly", "stuffy",
    "crowded", "remote", "hidden", "famous", "unusual", "remarkable", "ordinary", "festive", "formal",
    "informal", "intimate", "lavish", "frugal", "thoughtful", "attentive", "courteous", "prompt", "punctual",
    "patient", "discreet", "meticulous", "careless", "hurried", "clumsy", "mistaken", "double", "single",
    "adjoining", "upper", "lower", "corner", "rooftop", "lakeside", "riverside", "seafront", "alpine",
    "coastal", "tropical", "nordic", "oriental", "medieval", "baroque", "gothic", "minimalist", "bohemian",
    "nautical", "botanical", "celestial", "whimsical", "exquisite", "immaculate", "tranquil", "panoramic",
    "wheelchair-friendly", "child-friendly", "pet-friendly", "gluten-free", "dairy-free", "nut-free",
    "smoke-free", "soundproof", "candlelit", "floodlit", "heated", "shaded", "walled", "thatched", "cobbled",
];

/// Kinds of places.
pub(super) const PLACES: &[&str] = &[
    "hotel", "restaurant", "apartment", "house", "garden", "cafe", "museum", "theatre", "villa", "lodge",
    "chalet", "cottage", "farmhouse", "castle", "inn", "hostel", "guesthouse", "penthouse", "loft", "cabin",
    "houseboat", "monastery", "vineyard", "brewery", "bakery", "bistro", "brasserie", "trattoria", "tavern",
    "tearoom", "teahouse", "diner", "rooftop bar", "wine bar", "market", "gallery", "library", "bookshop",
    "boutique", "studio", "workshop", "opera house", "concert hall", "cinema", "stadium", "racecourse",
    "golf course", "tennis club", "yacht club", "marina", "harbour", "lighthouse", "beach", "lagoon",
    "waterfall", "canyon", "glacier", "volcano", "rainforest", "orchard", "meadow", "botanical garden", "zoo",
    "aquarium", "planetarium", "observatory", "cathedral", "chapel", "mosque", "synagogue", "temple",
    "shrine", "palace", "fortress", "aqueduct", "amphitheatre", "arboretum", "spa", "bathhouse", "sauna",
    "gymnasium", "climbing hall", "ice rink", "airport", "station", "ferry terminal", "clinic", "pharmacy",
    "embassy", "consulate", "town hall", "university", "kindergarten", "conference centre", "coworking space",
    "warehouse", "farm", "stable", "ranch", "winery", "distillery", "chocolaterie", "patisserie",
    "delicatessen", "fish market", "flea market", "auction house", "antique shop",
];

/// Occasions.
pub(super) const EVENTS: &[&str] = &[
    "meeting", "dinner", "party", "wedding", "birthday", "conference", "anniversary", "concert", "trip",
    "holiday", "weekend", "reunion", "graduation", "interview", "exhibition", "auction", "festival",
    "recital", "premiere", "regatta", "marathon", "tournament", "seminar", "workshop", "retreat", "honeymoon",
    "baptism", "engagement", "christening", "funeral", "housewarming", "fundraiser", "banquet", "gala",
    "masquerade", "carnival", "vernissage", "symposium", "hackathon", "offsite", "board meeting",
    "book launch", "photo shoot", "site visit", "school trip", "ski week", "pilgrimage", "expedition",
    "safari", "cruise", "sabbatical", "parade", "picnic", "barbecue", "wine tasting", "quiz night",
    "poetry reading", "chess match", "horse race", "boat race",
];

/// Food and drinks.
pub(super) const FOODS: &[&str] = &[
    "bread", "coffee", "tea", "fish", "cheese", "wine", "soup", "salad", "pasta", "rice", "chicken", "lamb",
    "beef", "duck", "venison", "salmon", "trout", "lobster", "oysters", "mussels", "scallops", "squid",
    "anchovies", "sardines", "tofu", "lentils", "chickpeas", "mushrooms", "truffles", "asparagus",
    "artichokes", "aubergine", "spinach", "beetroot", "fennel", "leeks", "pumpkin", "chestnuts", "walnuts",
    "almonds", "pistachios", "figs", "dates", "plums", "apricots", "cherries", "raspberries", "blueberries",
    "rhubarb", "quince", "pomegranate", "mango", "papaya", "lychee", "persimmon", "honey", "marmalade",
    "butter", "yoghurt", "ricotta", "gorgonzola", "roquefort", "manchego", "prosciutto", "chorizo",
    "pancetta", "sourdough", "focaccia", "brioche", "croissants", "waffles", "pancakes", "dumplings",
    "noodles", "ramen", "sushi", "tempura", "curry", "biryani", "couscous", "tagine", "falafel", "hummus",
    "paella", "risotto", "gnocchi", "lasagne", "goulash", "schnitzel", "pierogi", "borscht", "haggis",
    "shortbread", "tiramisu", "panna cotta", "sorbet", "gelato", "macarons", "meringue", "cheesecake",
    "pavlova", "lemonade", "cider", "vermouth", "espresso", "cappuccino", "hot chocolate", "crème brûlée",
    "jalapeños", "pâté", "smørrebrød", "açaí", "käsespätzle",
];

/// Streets.
pub(super) const STREETS: &[&str] = &[
    "Mill Lane", "Station Road", "Church Street", "Garden Row", "Harbour View", "Orchard Close",
    "Chestnut Avenue", "Willow Court", "Linden Walk", "Market Square", "Castle Hill", "Bridge Street",
    "Meadow Drive", "Foundry Yard", "Quarry Bank", "Kingfisher Way", "Larkspur Terrace", "Juniper Mews",
    "Pilgrim Street", "Weaver Passage", "Rosemary Gardens", "Saddler Street", "Cooper Wharf", "Lantern Alley",
    "Copperfield Road", "Magnolia Crescent", "Bellflower Place", "Hawthorn Rise", "Abbey Fields",
    "Granary Quay",
];

/// Opinions.
pub(super) const FEELINGS: &[&str] = &[
    "wonderful", "excellent", "lovely", "perfect", "great", "delightful", "disappointing", "superb",
    "memorable", "pleasant", "fantastic", "outstanding", "impressive", "charming", "delicious", "relaxing",
    "splendid", "flawless", "magical", "marvellous", "spectacular", "adequate", "mediocre", "confusing",
    "chaotic", "frustrating", "unacceptable", "underwhelming", "overpriced", "exhausting", "inspiring",
    "refreshing", "heartwarming", "unforgettable", "breathtaking", "soothing", "enchanting", "uneventful",
    "satisfactory", "faultless",
];

/// Verbs of requests.
pub(super) const VERBS: &[&str] = &[
    "arrange", "book", "find", "organise", "confirm", "check", "reserve", "change", "move", "cancel",
    "prepare", "order", "send", "recommend", "plan", "compare", "extend", "postpone", "upgrade", "track",
    "collect", "deliver", "replace", "repair", "return", "renew", "print", "translate", "pack", "store",
    "wrap", "clean", "measure", "photograph", "insure", "appraise", "restore", "frame", "ship", "forward",
    "reschedule", "investigate", "verify", "review", "summarise", "update", "negotiate", "secure", "source",
    "procure",
];

/// Preferences.
pub(super) const PREFERENCES: &[&str] = &[
    "a window seat", "an aisle seat", "a firm mattress", "feather pillows", "still water", "sparkling water",
    "a high floor", "a ground-floor room", "decaf coffee", "oat milk", "green tea", "a late checkout",
    "an early start", "text messages", "phone calls", "e-mail", "paper tickets", "a quiet carriage",
    "a rear-facing seat", "a non-smoking room", "a room with a bath", "a walk-in shower",
    "a room away from the lift", "twin beds", "a kitchen", "a balcony", "blackout curtains",
    "a vegetarian menu", "a vegan menu", "a kosher meal", "a halal meal", "shellfish left out",
    "no cut flowers", "white roses", "unscented soap", "cold rooms", "warm rooms", "morning flights",
    "evening flights", "direct flights", "night trains", "slow trains", "short walks", "long hikes",
    "front-row seats", "balcony seats", "a male driver", "a female driver", "an electric car",
    "a car with a sunroof",
];

/// Complaints.
pub(super) const PROBLEMS: &[&str] = &[
    "is late", "is broken", "has not arrived", "was double charged", "does not work", "is too small",
    "is the wrong colour", "was cancelled", "is missing", "leaks", "makes a strange noise",
    "was damaged on the way", "will not start", "smells of smoke", "has a crack", "does not open",
    "is far too cold", "was never confirmed", "came without the invoice", "has expired",
    "went to the wrong address", "was sold twice", "keeps beeping", "has lost its signal", "drips all night",
    "shows the wrong date", "was left in the taxi", "got wet", "stopped charging", "cannot be found",
];

/// Closing phrases.
pub(super) const CLOSINGS: &[&str] = &[
    "thank you", "many thanks", "as soon as you can", "no rush", "if that is possible", "please", "for now",
    "just to be safe", "once and for all", "whatever it costs", "within reason", "at your convenience",
    "and let me know", "as we discussed", "like last time", "same as always", "with the usual discount",
    "and keep it a surprise", "before the prices rise", "without telling anyone", "if the weather holds",
];

/// First halves of invented names.
pub(super) const STARTS: &[&str] = &[
    "Bel", "Cor", "Mar", "Val", "Ast", "Dor", "Fen", "Gal", "Har", "Ild", "Jar", "Kel", "Lor", "Mir", "Nor",
    "Ond", "Per", "Quin", "Rav", "Sel", "Tor", "Umb", "Ver", "Wen", "Yar", "Zel", "Bram", "Cald", "Drav",
    "Elm", "Fald", "Grim", "Hest", "Ivar", "Krys", "Lun", "Mont", "Nev", "Oll", "Pryn", "Rost", "Stav",
    "Thal", "Ulv", "Vand", "Wold", "Xan", "Ysold", "Zar", "Brack",
];

/// Second halves of invented names.
pub(super) const ENDS: &[&str] = &[
    "mont", "ia", "wood", "field", "bury", "ford", "haven", "ette", "ini", "ova", "ton", "dale", "mere",
    "stone", "wick", "aria", "ell", "ino", "ora", "bridge", "brook", "crest", "worth", "ley", "gate", "holm",
    "ster", "ham", "don", "vale", "mouth", "combe", "strand", "quist", "berg", "feld", "stad", "gard", "heim",
    "nis", "etta", "ano", "issa", "uela", "andra", "ique", "oux", "eaux", "onte",
];

/// Kinds of venues.
pub(super) const VENUES: &[&str] = &[
    "House", "Hotel", "Kitchen", "Rooms", "Gallery", "Gardens", "Lodge", "Theatre", "Bistro", "Hall", "Inn",
    "Spa", "Club", "Terrace", "Cellar", "Bakery", "Museum", "Palace", "Tavern", "Studio", "Court", "Arms",
    "Vineyard", "Pavilion", "Library", "Conservatory", "Boathouse", "Observatory", "Brewery", "Smokehouse",
];

/// Months.
pub(super) const MONTHS: &[&str] = &[
    "June", "September", "May", "July", "October", "December", "March", "April", "August", "January",
    "November", "February",
];

/// Weekdays.
pub(super) const DAYS: &[&str] = &["Friday", "Saturday", "Monday", "Sunday", "Thursday", "Tuesday", "Wednesday"];

/// Companions.
pub(super) const PEOPLE: &[&str] = &[
    "my wife", "my husband", "my mother", "my sister", "my daughter", "my son", "my father", "my brother",
    "my parents", "the children", "a friend", "two friends", "a client", "our clients", "my assistant",
    "the team", "my partner", "my aunt", "my uncle", "my cousin", "my niece", "my nephew", "my grandmother",
    "my grandfather", "my neighbour", "my accountant", "my lawyer", "the architect", "the board",
    "the investors", "an old colleague", "my godson", "my in-laws", "the choir", "the band", "my doctor",
];

/// Numbers.
pub(super) const NUMBERS: &[&str] = &[
    "two", "three", "four", "five", "six", "eight", "ten", "seven", "nine", "twelve", "fifteen", "twenty",
    "thirty", "forty",
];

/// Qualities of products.
pub(super) const QUALITIES: &[&str] = &[
    "classic", "soft", "light", "compact", "sturdy", "bright", "modern", "handmade", "elegant", "wireless",
    "simple", "warm", "foldable", "waterproof", "portable", "quiet", "durable", "seamless", "washable",
    "reversible", "adjustable", "vintage", "rustic", "minimalist", "colourful", "striped", "checked",
    "golden", "silver", "wooden", "linen", "woollen", "ceramic", "copper", "brass", "velvet", "leather",
    "marble", "crimson", "emerald", "turquoise", "ivory", "amber", "indigo", "lavender", "charcoal",
    "recycled", "organic", "featherlight", "shockproof", "stackable", "magnetic", "rechargeable",
    "solar-powered", "hand-painted", "hand-stitched", "oversized", "miniature", "limited", "award-winning",
    "artisanal", "ergonomic", "breathable", "hypoallergenic", "dishwasher-safe", "heat-resistant",
    "glow-in-the-dark", "whimsical", "panoramic", "celestial", "botanical", "nautical", "nordic", "bohemian",
];

/// Products of this category.
pub(super) const ELECTRONICS: &[&str] = &[
    "headphones", "speaker", "keyboard", "monitor", "charger", "webcam", "router", "tablet", "smartwatch",
    "microphone", "earbuds", "projector", "power bank", "e-reader", "game controller", "action camera",
    "dash cam", "soundbar", "turntable", "radio", "drone", "scanner", "label printer", "desk lamp",
    "smart plug", "doorbell camera", "thermostat", "hard drive", "memory card", "docking station",
];

/// Products of this category.
pub(super) const BOOKS: &[&str] = &[
    "novel", "cookbook", "atlas", "biography", "travel guide", "poetry collection", "short stories",
    "field guide", "history", "memoir", "graphic novel", "picture book", "thriller", "almanac", "dictionary",
    "anthology", "essay collection", "sketchbook", "phrasebook", "gardening manual", "chess primer",
    "star chart", "songbook", "detective story", "fairy tales",
];

/// Products of this category.
pub(super) const HOME_GOODS: &[&str] = &[
    "blanket", "vase", "kettle", "lamp", "mirror", "rug", "cushion", "teapot", "skillet", "knife set",
    "cutting board", "candle holder", "towel set", "duvet", "curtain", "wall clock", "storage basket",
    "coat rack", "bookend", "salad bowl", "mug", "wine rack", "watering can", "doormat", "photo frame",
    "spice grinder", "bread bin", "laundry hamper", "step stool", "umbrella stand",
];

/// Products of this category.
pub(super) const TOYS: &[&str] = &[
    "puzzle", "train set", "doll", "kite", "building blocks", "board game", "plush bear", "race track",
    "marble run", "yo-yo", "spinning top", "rocking horse", "finger puppets", "toy piano", "magic kit",
    "science kit", "jigsaw", "card game", "pirate ship", "dinosaur", "robot", "tea set", "play tent",
    "sand bucket", "skipping rope",
];

/// Products of this category.
pub(super) const CLOTHING: &[&str] = &[
    "jacket", "sweater", "scarf", "shirt", "dress", "boots", "gloves", "hat", "raincoat", "jeans", "skirt",
    "socks", "belt", "cardigan", "waistcoat", "pyjamas", "sandals", "sneakers", "parka", "blouse", "trousers",
    "swimsuit", "dressing gown", "polo shirt", "mittens",
];
