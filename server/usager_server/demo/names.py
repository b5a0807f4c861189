"""What the invented people are made of. Nobody here exists: names, numbers and dates are drawn from a fixed seed."""

FAMILIES = (
    "ABEILLON", "BERTHAULT", "CHANTREL", "D'ARGENCE", "DE LA FONTENELLE", "ESTÈVE", "FLORIMOND", "GUÉRINEAU",
    "HAUTECŒUR", "JOUANNIC", "KERMARREC", "LE BIHAN", "MARCHAL-DUVAL", "NGUYEN", "O'BRIEN", "PÉLISSANNE",
    "QUÉMENEUR", "ROUVIÈRE", "SAINT-ALBIN", "TRÉVOUX", "UHLMANN", "VALLERAND", "WEISSENBACH", "YVERNAULT",
)  # fmt: skip
FEMALE = (
    "JEANNE", "MARIE-LOUISE", "SIMONE", "ÉLISE", "HÉLÈNE", "GERMAINE", "ODETTE", "THÉRÈSE", "LUCIENNE", "ANNE-MARIE",
    "COLETTE", "FRANÇOISE",
)  # fmt: skip
MALE = (
    "MARCEL", "RENÉ", "JEAN-PIERRE", "ANDRÉ", "LÉON", "GASTON", "FRANÇOIS", "ÉMILE", "HENRI", "LOUIS", "RAYMOND",
    "YVES",
)  # fmt: skip
COMMUNES = (
    ("75056", "PARIS"), ("69123", "LYON"), ("13055", "MARSEILLE"), ("59350", "LILLE"), ("44109", "NANTES"),
    ("35238", "RENNES"), ("29019", "BREST"), ("31555", "TOULOUSE"), ("33063", "BORDEAUX"), ("67482", "STRASBOURG"),
    ("63113", "CLERMONT-FERRAND"), ("21231", "DIJON"),
)  # fmt: skip
CONDITIONS = (
    ("I10", "Hypertension essentielle (primitive)"),
    ("E11.9", "Diabète sucré de type 2, sans complication"),
    ("F00.1", "Démence de la maladie d'Alzheimer, à début tardif"),
    ("M17.0", "Gonarthrose primaire, bilatérale"),
    ("I50.0", "Insuffisance cardiaque congestive"),
    ("R29.6", "Chutes à répétition"),
)
PROFESSIONALS = (
    ("10100000017", "MARTINEAU", "Claire", "female", "10", "Médecin"),
    ("10100000025", "LE GOFF", "Yann", "male", "60", "Infirmier"),
    ("10100000033", "BENALI", "Samira", "female", "70", "Masseur-kinésithérapeute"),
)
