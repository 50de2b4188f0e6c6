"""What pytickersymbols leaves out or gets wrong, by hand: facts about US listings.

Its stocks carry an exchange for most tickers only, a few that have moved since,
and a few names of another company. A test holds this page against the package:
what it now knows itself may go.
"""

_TICKERS_BY_EXCHANGE = {
    "NASDAQ": """
        ACT ADAM ADEA ADMA ADUS AHCO AMSF ANIP AOSL APLS APOG ASTE ASTH BCPC BKR BLFS BTSG
        CENT CENTA CERT CHCO CHEF CLSK COHU COLL CTKB CVBF CVCO DPZ DRH DXPE EMBC EXPI EYE
        FORM FTDR FWRD GDYN GSHD HCSG HFWA HRMY HSTM HTO HWKN ICHR INDB INSM INVA IPAR JBLU
        JBSS KLIC KMB KRYS LIN LKFN MATW MBIN MCRI MMSI MRCY MXL MYRG NMIH OSW PATK PCRX
        PENG PGNY PLMR PLXS PODD PRVA PTGX REYN ROCK ROP RRR SAFT SBCF SCSC SEZL SMPL SNCY
        STAA STBA SUPN TBBK TGTX TMDX TRIP TRST UAL UCTT UFCS UNIT UPBD UPWK VCYT VIR VRRM
        VSNT WABC WAY WMT WRLD WSC XNCR XPEL
    """,
    "NYSE": """
        AAT ABR ACA AESI AGO AHH AKR ALG AMN APLE ARI AROC ARR AZZ BBT BFS BMI BOOT BOX BXMT
        CARS CCS CNR CON CRGY CRK CSR CSW CTRE CTS CUBI CURB CVI CWEN CWEN.A DEA DEI DFH
        DNOW DV ECG EFC EIG ENVA EPRT ESE ESI EVTC FBK FBRT FCPT GDDY GKOS GNL GRBK GTY HASI
        HAYW HCC HCI HIW HZO IBP IIIN IIPR INN INSP INSW INVX ITGR KGS KN KNTK KREF LBRT
        LCII LPG LTC LUV LXP MBC MCW MD MGY MHO MIR MRP MTUS MTX NABL NBHC NGVT NOG NSC NX
        NXRT OPLN PARR PEB PHIN PMT PRG Q QTWO RAL RCUS RES REZI RNST RWT RXO SAFE SBSI SFBS
        SHO SLVM SPNT STEL SXC TDW TFIN TRNO TWO UE UHT USPH VSTS VTOL WHD WKC WLY WSR YELP
        ZWS
    """,
    "NYSE American": """
        NHC PRK TMP
    """,
}

EXCHANGES = {
    ticker: exchange
    for exchange, tickers in _TICKERS_BY_EXCHANGE.items()
    for ticker in tickers.split()
}

# With the brand where the company is better known by that: search goes by the name.
NAMES = {
    "AIZ": "Assurant, Inc.",
    "APO": "Apollo Global Management",
    "CENTA": "Central Garden & Pet Company (Class A)",
    "CENT": "Central Garden & Pet Company",
    "FOX": "Fox Corporation (Class B)",
    "FOXA": "Fox Corporation (Class A)",
    "GOOG": "Alphabet Inc. (Google, Class C)",
    "GOOGL": "Alphabet Inc. (Google, Class A)",
    "META": "Meta Platforms (Facebook)",
    "MHK": "Mohawk Industries",
    "NSC": "Norfolk Southern Corporation",
    "NWS": "News Corp (Class B)",
    "NWSA": "News Corp (Class A)",
    "UA": "Under Armour (Class C)",
    "UAA": "Under Armour (Class A)",
}
