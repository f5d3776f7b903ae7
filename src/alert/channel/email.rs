//! Mail by SMTP, as text and as HTML.

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::wording::{MOST, Wording};
use crate::alert::notify::{Notice, Notification, Outcome};
use crate::config::alerting::channel::{self, MailTls};

/// How long a server may take for one command.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    host: String,
}

impl Email {
    pub(super) fn new(configured: &channel::Email, ca: Option<&[u8]>) -> Result<Self, String> {
        let mailbox = |text: &String| text.parse::<Mailbox>().map_err(|error| format!("`{text}`: {error}"));
        let tls = match configured.tls {
            MailTls::StartTls => Tls::Required(parameters(&configured.host, ca)?),
            MailTls::Tls => Tls::Wrapper(parameters(&configured.host, ca)?),
            MailTls::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(configured.host.as_str())
            .port(configured.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let Some((user, password)) = configured.username.as_ref().zip(configured.password.as_ref()) {
            transport = transport.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(Self {
            transport: transport.build(),
            from: mailbox(&configured.from)?,
            to: configured.to.iter().map(mailbox).collect::<Result<_, _>>()?,
            host: configured.host.clone(),
        })
    }

    pub(super) async fn send(&self, notification: &Notification, wording: &Wording, now: i64) -> Outcome {
        let message = match self.message(notification, wording, now) {
            Ok(message) => message,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        match tokio::time::timeout(PATIENCE * 3, self.transport.send(message)).await {
            Ok(Ok(response)) => Outcome::Sent(response.code().to_string()),
            Ok(Err(error)) => judge(&error),
            Err(_) => Outcome::Later { message: "no answer in time".to_owned(), after: None },
        }
    }

    fn message(
        &self,
        notification: &Notification,
        wording: &Wording,
        now: i64,
    ) -> Result<Message, lettre::error::Error> {
        let texts: Vec<String> = wording.texts(notification).collect();
        let date = Duration::from_millis(u64::try_from(now).unwrap_or(0));
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(wording.title(notification))
            .date(std::time::UNIX_EPOCH + date)
            .message_id(Some(format!("<{}.outrider@{}>", notification.key(), self.host)));
        for to in &self.to {
            message = message.to(to.clone());
        }
        message.multipart(MultiPart::alternative_plain_html(texts.join("\n\n"), html(notification, wording)))
    }
}

fn parameters(host: &str, ca: Option<&[u8]>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = ca {
        let certificate = Certificate::from_pem(pem).map_err(|error| format!("ca: {error}"))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    builder.build().map_err(|error| error.to_string())
}

/// What a server's refusal means. A login that it does not take is for the operator to mend, and the mail waits for that.
fn judge(error: &Error) -> Outcome {
    let login = error.status().is_some_and(|code| ["530", "534", "535", "538"].contains(&&*code.to_string()));
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if !message.contains(&inner.to_string()) {
            message.push_str(&format!(": {inner}"));
        }
        cause = inner.source();
    }
    match error.is_permanent() && !login {
        true => Outcome::Refused(message),
        false => Outcome::Later { message, after: None },
    }
}

fn html(notification: &Notification, wording: &Wording) -> String {
    let title = escape(&wording.title(notification));
    let colour = if notification.is_resolved() { "#1a7f4b" } else { "#b3261e" };
    let alerts: String = notification.notices.iter().take(MOST).map(|notice| section(notice, wording)).collect();
    let rest = wording.rest(notification).map(|rest| format!("<p>{}</p>", escape(&rest))).unwrap_or_default();
    format!(
        "<!doctype html><html><body style=\"font-family:sans-serif;color:#1c1b1f\">\
         <h2 style=\"color:{colour}\">{title}</h2>{alerts}{rest}</body></html>"
    )
}

fn section(notice: &Notice, wording: &Wording) -> String {
    let rows: String = wording
        .facts(notice)
        .into_iter()
        .map(|(name, value)| {
            let value = match name {
                "Runbook" if value.starts_with("http") => format!("<a href=\"{0}\">{0}</a>", escape(&value)),
                _ => escape(&value),
            };
            format!("<tr><td style=\"padding-right:1em;color:#605d62\">{name}</td><td>{value}</td></tr>")
        })
        .collect();
    format!("<h3>{}</h3><table>{rows}</table>", escape(notice.summary()))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
