package hero.supervisor.browser;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.app.LiveGateway;
import hero.supervisor.app.LiveRunner;
import hero.supervisor.app.Setting;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Scope;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.By;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/// The console as people use it: a real browser, a whole gateway. Needs Chromium or Chrome (`-Pbrowser`).
@Tag("browser")
class ConsoleTest {
    private static final String MARKUP = "<img src=x onerror=\"document.title='broken'\">";

    private static LiveGateway gateway;
    private static LiveRunner runner;
    private ChromeDriver browser;

    @BeforeAll
    static void start() {
        gateway = LiveGateway.start(Map.of(Setting.ANONYMOUS, "never"));
        runner = gateway.runner("console", "console", 4)
                .answering(job -> Map.of("success", "made of " + job.get("payload")));
    }

    @AfterAll
    static void stop() {
        runner.close();
        gateway.close();
    }

    @BeforeEach
    void open() {
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, java.util.logging.Level.ALL);
        ChromeOptions options = new ChromeOptions();
        options.addArguments(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync");
        options.setCapability("goog:loggingPrefs", logs);
        browser = new ChromeDriver(options);
        browser.get(gateway.url() + "/");
    }

    @AfterEach
    void leave() {
        List<String> complaints = browser.manage().logs().get(LogType.BROWSER).getAll().stream()
                .map(Object::toString)
                .filter(line -> line.contains("SEVERE"))
                .toList();
        browser.quit();
        assertEquals(List.of(), complaints, "errors and broken policies in the browser's log");
    }

    private void signIn(Scope scope) {
        signIn(gateway.secret(scope));
    }

    private void signIn(String secret) {
        find("#secret").sendKeys(secret);
        find("#sign-in button").click();
    }

    private WebElement find(String selector) {
        await().atMost(Duration.ofSeconds(20))
                .until(() -> !browser.findElements(By.cssSelector(selector)).isEmpty());
        return browser.findElement(By.cssSelector(selector));
    }

    private void type(String selector, String text) {
        WebElement field = find(selector);
        field.clear();
        field.sendKeys(text);
    }

    private void until(String selector, String text) {
        await().atMost(Duration.ofSeconds(20))
                .ignoreException(StaleElementReferenceException.class)
                .untilAsserted(() -> assertTrue(
                        browser.findElements(By.cssSelector(selector)).stream()
                                .anyMatch(one -> one.getText().contains(text)),
                        () -> selector + " says '" + text + "'; the page: "
                                + browser.findElement(By.tagName("body")).getText()));
    }

    @Test
    void who_is_not_signed_in_is_told_how_to() {
        until("#message", "Sign in with a secret");
        signIn("hsv_usr_wrong");
        until("#message", "secret");
        until("#connection", "secret");
    }

    @Test
    void a_job_is_run_and_its_end_is_shown_as_text_whatever_it_holds() {
        signIn(Scope.USER);
        until("#connection", "scope user");
        browser.get(gateway.url() + "/console#new");
        find("textarea[name=payload]").sendKeys(MARKUP);
        find("form.tall button").click();
        until("#result", "made of " + MARKUP);
        until(".status", "completed");
        assertFalse("broken".equals(browser.getTitle()), "a payload must not become markup");

        find("nav a[href='#jobs']").click();
        until("tbody tr td", "completed");
    }

    @Test
    void the_list_follows_what_others_do() throws Exception {
        signIn(Scope.USER);
        until("h2", "Jobs");
        Map<String, Object> job = LiveGateway.job("from-elsewhere", "console");
        gateway.call("job.run", Map.of("secret", gateway.secret(Scope.USER), "job", job))
                .result();
        until("tbody tr", "from-elsewhere completed");
        type("input[name=context_id]", "none has it");
        find("form.row button").click();
        until("#view", "No job here yet.");
    }

    @Test
    void a_created_job_can_be_started_and_deleted() throws Exception {
        signIn(Scope.USER);
        Map<String, Object> job = LiveGateway.job("to-start", "console");
        gateway.call("jobs.create", Map.of("secret", gateway.secret(Scope.USER), "job", job))
                .result();
        browser.get(gateway.url() + "/console#job/to-start");
        until("dd", "it was created but not started");
        button("Start").click();
        until("#result", "made of payload of to-start");
        button("Delete").click();
        browser.switchTo().alert().accept();
        until("h2", "Jobs");
        assertEquals(
                "-32000 job_not_found",
                gateway.call("job.get", Map.of("secret", gateway.secret(Scope.USER), "job_id", "to-start"))
                        .outcome());
    }

    private WebElement button(String label) {
        return await().atMost(Duration.ofSeconds(20))
                .ignoreException(StaleElementReferenceException.class)
                .until(
                        () -> browser.findElements(By.tagName("button")).stream()
                                .filter(one -> one.getText().equals(label))
                                .findFirst()
                                .orElse(null),
                        Objects::nonNull);
    }

    @Test
    void a_runner_is_stopped_and_started_by_an_admin_alone() {
        signIn(Scope.USER);
        find("nav a[href='#runners']").click();
        until("tbody tr", "console idle");
        find("button[aria-label='Stop console']").click();
        until("#message", "Sign in with a secret of another scope");
        signIn(Scope.ADMIN);
        find("button[aria-label='Stop console']").click();
        until("tbody tr", "console stopped");
        find("button[aria-label='Start console']").click();
        until("tbody tr", "console idle");
    }

    @Test
    void a_new_secret_is_shown_once_and_can_be_revoked() {
        signIn(Scope.ADMIN);
        find("nav a[href='#secrets']").click();
        type("input[name=name]", "for the test");
        find("form.row button").click();
        until("p code", "hsv_usr_");
        find("button[aria-label='Revoke for the test']").click();
        browser.switchTo().alert().accept();
        await().atMost(Duration.ofSeconds(20))
                .until(() -> browser.findElements(By.cssSelector("button[aria-label='Revoke for the test']"))
                        .isEmpty());
        browser.navigate().refresh();
        until("tbody tr", "for the test");
        assertEquals(List.of(), browser.findElements(By.cssSelector("p code")));
    }

    @Test
    void every_method_can_be_called_from_the_page() {
        signIn(Scope.USER);
        find("nav a[href='#api']").click();
        find("select[name=method] option[value='list_runners']").click();
        button("Call").click();
        until("#answer", "\"console\"");
        find("select[name=method] option[value='job.status']").click();
        type("textarea[name=params]", "{\"job_id\":\"nope\"}");
        button("Call").click();
        until("#answer", "job_not_found");
        type("textarea[name=params]", "{");
        button("Call").click();
        until("#message", "JSON");
    }

    private void make(Map<String, Object> job) throws Exception {
        gateway.call("jobs.create", Map.of("secret", gateway.secret(Scope.USER), "job", job))
                .result();
    }

    private static Map<String, Object> job(String id, Map<String, Object> more) {
        Map<String, Object> job = new HashMap<>(LiveGateway.job(id, "console"));
        job.putAll(more);
        return job;
    }

    private void start(String id) throws Exception {
        gateway.call("job.start", Map.of("secret", gateway.secret(Scope.USER), "job_id", id))
                .result();
    }

    private List<String> ids() {
        return browser.findElements(By.cssSelector("tbody td.id")).stream()
                .map(WebElement::getText)
                .toList();
    }

    @Test
    void older_jobs_are_turned_to_page_by_page() throws Exception {
        for (int at = 0; at < 120; at++) {
            make(job("page-%03d".formatted(at), Map.of("context_id", "pages")));
        }
        signIn(Scope.USER);
        type("input[name=context_id]", "pages");
        button("Filter").click();
        until("tbody tr:first-child", "page-119");
        button("Older").click();
        until("tbody tr:first-child", "page-069");
        button("Older").click();
        until("tbody tr:first-child", "page-019");
        assertEquals(20, ids().size());
        assertFalse(button("Older").isEnabled());
        button("Filter").click();
        until("tbody tr:first-child", "page-119");
    }

    @Test
    void a_list_of_one_status_loses_what_leaves_it_and_keeps_the_rest() throws Exception {
        for (String id : List.of("in-a", "in-b", "in-c")) {
            make(job(id, Map.of("context_id", "narrow")));
        }
        signIn(Scope.USER);
        find("select[name=status] option:nth-child(2)").click();
        type("input[name=context_id]", "narrow");
        button("Filter").click();
        until("tbody tr:first-child", "in-c created");
        gateway.call("job.delete", Map.of("secret", gateway.secret(Scope.USER), "job_id", "in-b"))
                .result();
        start("in-a");
        make(job("in-d", Map.of("context_id", "narrow", "created_at", "2001-01-01T00:00:00Z")));
        await().atMost(Duration.ofSeconds(20))
                .ignoreException(StaleElementReferenceException.class)
                .until(() -> ids().equals(List.of("in-d", "in-c")));
    }

    @Test
    void who_goes_on_quickly_sees_one_view_alone() {
        signIn(Scope.USER);
        browser.executeScript("for (const view of ['runners', 'jobs', 'secrets', 'new', 'api', 'jobs', 'runners'])"
                + " { location.hash = view; dispatchEvent(new HashChangeEvent('hashchange')); }");
        until("tbody tr", "console idle");
        assertEquals(1, browser.findElements(By.tagName("h2")).size());
        assertEquals(1, browser.findElements(By.tagName("main")).size());
        assertEquals("", browser.findElement(By.id("message")).getText());
    }

    @Test
    void a_job_is_made_again_as_it_was_and_once() throws Exception {
        Map<String, Object> whole = Map.of(
                "payload",
                "two\r\nlines",
                "retries",
                2,
                "priority",
                7,
                "labels",
                Map.of("team", "blue"),
                "env_vars",
                Map.of("ONE", "a\nb"),
                "context_id",
                "again");
        make(job("whole", whole));
        signIn(Scope.USER);
        browser.get(gateway.url() + "/console#job/whole");
        button("Run again").click();
        until("#kept", "blue");
        browser.executeScript("const button = [...document.querySelectorAll('form.tall button')].at(-1);"
                + "button.click(); button.click();");
        until("dd", "it was created but not started");
        Object listed = gateway.call("jobs.list", Map.of("secret", gateway.secret(Scope.USER), "context_id", "again"))
                .result();
        List<?> jobs = Tree.array(listed);
        assertEquals(2, jobs.size(), "the first one and the second, once");
        Map<String, Object> second = Tree.object(jobs.getFirst());
        whole.forEach((name, value) -> assertEquals(String.valueOf(value), String.valueOf(second.get(name)), name));
    }

    @Test
    void a_job_that_others_delete_after_its_end_is_said_to_be_gone() throws Exception {
        make(job("to-go", Map.of()));
        start("to-go");
        signIn(Scope.USER);
        browser.get(gateway.url() + "/console#job/to-go");
        until("#result", "made of");
        gateway.call("job.delete", Map.of("secret", gateway.secret(Scope.USER), "job_id", "to-go"))
                .result();
        until("#view", "This job was deleted.");
    }
}
