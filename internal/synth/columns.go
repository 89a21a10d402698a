package synth

import "fmt"

// Places of the fields in a row, slots together. The first part is in every
// extract, the next (from PROCODET on) in wide ones only, and the hospitals' own
// patient number in those that are asked for it.
const (
	cFYEAR = iota
	cPARTYEAR
	cEPIKEY
	cPERSON
	cADMIDATE
	cEPISTART
	cEPIEND
	cEPIDUR
	cEPIORDER
	cEPISTAT
	cEPITYPE
	cDISDATE
	cDISDEST
	cDISMETH
	cADMIMETH
	cADMISORC
	cADMINCAT
	cCLASSPAT
	cINTMANIG
	cFIRSTREG
	cSPELBGIN
	cSPELEND
	cSPELDUR
	cBEDYEAR
	cELECDATE
	cELECDUR
	cFAE
	cFCE
	cFDE
	cSEX
	cSTARTAGE
	cENDAGE
	cADMIAGE
	cMYDOB
	cETHNOS
	cNEOCARE
	cCARERSI
	cMAINSPEF
	cTRETSPEF
	cPROCODE
	cPROCODE3
	cPROCODE5
	cSITETRET
	cSENDER
	cPURCODE
	cGPPRAC
	cRESGOR
	cGORTREAT
	cLSOA01
	cIMDRANK
	cIMDDECILE
	cRURURB
	cOPERSTAT
	cSUSRECID
	cSUSHRG
	cSUBDATE
	cSUSSPELLID
	cWELLBABY
	cDIAG                          // 20 places
	cOPERTN = cDIAG + diagnoses    // 24 places
	cOPDATE = cOPERTN + procedures // 24 places
	cWide   = cOPDATE + procedures
)

const (
	cPROCODET = cWide + iota
	cLSOA11
	cSTARTAGECALC
	cRTTPERSTAT
	cADMINCATST
	cDIAGCOUNT
	cOPERTNCOUNT
	cMATAGE
	cANTEDUR
	cPOSTDUR
	cNUMBABY
	cMARSTAT
	cRESLADST
	cCURRWARD
	cHATREAT
	cWARDSTRT
	cLOPATID
	columnCount
)

const diagnoses, procedures = 20, 24

// columnNames gives each place's name under one of the forms' sets of names.
func columnNames(names string) [columnCount]string {
	out := [columnCount]string{cFYEAR: "FYEAR", cPARTYEAR: "PARTYEAR", cEPIKEY: "EPIKEY", cPERSON: "PSEUDO_HESID", cADMIDATE: "ADMIDATE",
		cEPISTART: "EPISTART", cEPIEND: "EPIEND", cEPIDUR: "EPIDUR", cEPIORDER: "EPIORDER", cEPISTAT: "EPISTAT", cEPITYPE: "EPITYPE",
		cDISDATE: "DISDATE", cDISDEST: "DISDEST", cDISMETH: "DISMETH", cADMIMETH: "ADMIMETH", cADMISORC: "ADMISORC", cADMINCAT: "ADMINCAT",
		cCLASSPAT: "CLASSPAT", cINTMANIG: "INTMANIG", cFIRSTREG: "FIRSTREG", cSPELBGIN: "SPELBGIN", cSPELEND: "SPELEND", cSPELDUR: "SPELDUR",
		cBEDYEAR: "BEDYEAR", cELECDATE: "ELECDATE", cELECDUR: "ELECDUR", cFAE: "FAE", cFCE: "FCE", cFDE: "FDE", cSEX: "SEX",
		cSTARTAGE: "STARTAGE", cENDAGE: "ENDAGE", cADMIAGE: "ADMIAGE", cMYDOB: "MYDOB", cETHNOS: "ETHNOS", cNEOCARE: "NEOCARE",
		cCARERSI: "CARERSI", cMAINSPEF: "MAINSPEF", cTRETSPEF: "TRETSPEF", cPROCODE: "PROCODE", cPROCODE3: "PROCODE3", cPROCODE5: "PROCODE5",
		cSITETRET: "SITETRET", cSENDER: "SENDER", cPURCODE: "PURCODE", cGPPRAC: "GPPRAC", cRESGOR: "RESGOR", cGORTREAT: "GORTREAT",
		cLSOA01: "LSOA01", cIMDRANK: "IMD04RK", cIMDDECILE: "IMD04_DECILE", cRURURB: "RURURB_IND", cOPERSTAT: "OPERSTAT",
		cSUSRECID: "SUSRECID", cSUSHRG: "SUSHRG", cSUBDATE: "SUBDATE", cSUSSPELLID: "SUSSPELLID", cWELLBABY: "WELL_BABY_IND",
		cPROCODET: "PROCODET", cLSOA11: "LSOA11", cSTARTAGECALC: "STARTAGE_CALC", cRTTPERSTAT: "RTTPERSTAT", cADMINCATST: "ADMINCATST",
		cDIAGCOUNT: "DIAG_COUNT", cOPERTNCOUNT: "OPERTN_COUNT", cMATAGE: "MATAGE", cANTEDUR: "ANTEDUR", cPOSTDUR: "POSTDUR",
		cNUMBABY: "NUMBABY", cMARSTAT: "MARSTAT", cRESLADST: "RESLADST", cCURRWARD: "CURRWARD", cHATREAT: "HATREAT", cWARDSTRT: "WARDSTRT", cLOPATID: "LOPATID"}
	diagnosis, procedure := "DIAG_%02d", "OPERTN_%02d"
	switch names {
	case NamesNew:
		out[cPERSON] = "TOKEN_PERSON_ID"
	case NamesOld:
		diagnosis, procedure = "DIAG_4_%02d", "OPERTN_4_%02d"
	}
	for i := range diagnoses {
		out[cDIAG+i] = fmt.Sprintf(diagnosis, i+1)
	}
	for i := range procedures {
		out[cOPERTN+i] = fmt.Sprintf(procedure, i+1)
		out[cOPDATE+i] = fmt.Sprintf("OPDATE_%02d", i+1)
	}
	return out
}

// dateColumns are the places that hold dates.
func dateColumns() []int {
	out := []int{cADMIDATE, cEPISTART, cEPIEND, cDISDATE, cELECDATE, cSUBDATE}
	for i := range procedures {
		out = append(out, cOPDATE+i)
	}
	return out
}
