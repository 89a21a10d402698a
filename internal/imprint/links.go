package imprint

// Link is a page outside the site.
type Link struct {
	URL, Text string
	Says      string // what is found there, and who keeps it
}

// Links are all the pages outside the site that its pages lead to. None is ever
// fetched by this program: whether they are still there is for people to see.
func Links() []Link {
	return []Link{
		{"https://digital.nhs.uk/data-and-information/data-tools-and-services/data-services/hospital-episode-statistics", "Hospital Episode Statistics", "What the data are, how they are collected and who may have them. NHS England."},
		{"https://digital.nhs.uk/data-and-information/data-tools-and-services/data-services/hospital-episode-statistics/hospital-episode-statistics-data-dictionary", "HES data dictionary", "Every field of the data as they are delivered. NHS England."},
		{"https://digital.nhs.uk/data-and-information/publications/statistical/hospital-admitted-patient-care-activity", "Hospital admitted patient care activity", "Published figures of every year, to compare with. NHS England."},
		{"https://www.datadictionary.nhs.uk/", "NHS Data Model and Dictionary", "The definitions behind the fields. NHS England."},
		{"https://digital.nhs.uk/services/data-access-request-service-dars", "Data Access Request Service", "How an organisation asks for the data, and the agreement that it signs. NHS England."},
		{"https://digital.nhs.uk/services/data-access-request-service-dars/data-uses-register", "Data uses register", "Who holds NHS data for what. NHS England."},
		{"https://www.hra.nhs.uk/about-us/committees-and-services/confidentiality-advisory-group/", "Confidentiality Advisory Group", "Advice on using identifiable data without consent. Health Research Authority."},
		{"https://www.hra.nhs.uk/approvals-amendments/", "Approvals for research", "Research ethics committees and what else a study needs. Health Research Authority."},
		{"https://www.nhs.uk/your-nhs-data-matters/", "Your NHS data matters", "How patients choose whether their data are used beyond their care. NHS."},
		{"https://www.dsptoolkit.nhs.uk/", "Data Security and Protection Toolkit", "How an organisation shows that it keeps data safe. NHS England."},
		{"https://classbrowser.nhs.uk/", "ICD-10 and OPCS-4", "The classifications of diagnoses and procedures, to look codes up. NHS England."},
		{"https://ico.org.uk/make-a-complaint/", "Information Commissioner", "To complain about how personal data are used."},
	}
}
